/** How one node's gateway passes operations on to another's: once, and what is not answered stays unknown. */
import { KvError } from '@base-kv/base'
import type { GatewayReply, OperationForwarder } from '@base-kv/server'
import type { Process } from './machine.ts'
import { machineOf } from './store-names.ts'
import { reachableFrom } from './wires.ts'

export function forwarderOf(process: Process): OperationForwarder {
  const { machine } = process
  const { world } = machine
  return {
    reachable: () => reachableFrom(process),
    forward(to, request, hops, reply) {
      const target = world.machines[machineOf(to)]
      if (!target?.up || target.store !== to || world.network.isCut(machine.number, target.number)) return false
      if (!process.effect()) return true
      world.coverage.add('forwarded')
      const answer = once(reply)
      // The connection is found dead after a while.
      process.later(4 * world.plan.raft.electionTimeoutMs, () => {
        if (request.write) answer(new KvError('OutcomeUnknown', 'the connection to the leader broke before its answer'))
        else answer(new KvError('TryLater', 'the connection to the leader ended'))
      })
      world.network.sendOnce(machine.number, target.number, (there) => {
        if (there.id !== to || !there.gateway) return
        there.gateway.executeForwarded(request, hops, (error, response, position) => {
          if (!there.effect()) return
          world.network.sendOnce(target.number, machine.number, (here) => {
            if (here === process) answer(error, response, position)
          })
        })
      })
      return true
    },
  }
}

function once(reply: GatewayReply): GatewayReply {
  let isOpen = true
  return (...words) => {
    if (!isOpen) return
    isOpen = false
    reply(...words)
  }
}
