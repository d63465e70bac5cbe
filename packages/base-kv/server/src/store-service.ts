/** The gRPC service basekv.v1.BaseKVStore: describing and managing one store of a node. */
import { KvError, type StoreId, toKvError } from '@base-kv/base'
import { formatVersion } from '@base-kv/landscape'
import { v1 } from '@base-kv/protocol'
import type { Range } from '@base-kv/range'
import type { CallContext, ServiceTable, UnaryHandler } from '@base-kv/rpc'
import { describeStore, type StoreServiceOptions } from './describe-store.ts'
import { rangeToWire } from './descriptor-wire.ts'
import { mergeRanges } from './merge-ranges.ts'
import { replicaCalls } from './replica-calls.ts'
import {
  answer,
  asRange,
  asStore,
  management,
  passOn,
  rangeOf,
  readRequest,
  storeOf,
  type StoreServiceDeps,
} from './store-calls.ts'

/** One step towards a merge, such as new members that fetch the data. */
const MERGE_STEP_MS = 60_000

export function storeService(options: StoreServiceOptions, deps: StoreServiceDeps): ServiceTable {
  const path = (method: string) => `/basekv.v1.BaseKVStore/${method}`

  /** Runs `act` on the leader of the range, here or elsewhere; answers with the range as it is then. */
  const managed =
    (
      read: (body: Buffer) => { rangeId: string; key?: Uint8Array; ver: { high: number; low: number } },
      act: (range: Range, body: Buffer, call: CallContext) => Promise<v1.ManagementReply.$Properties | void>,
    ): UnaryHandler =>
    (body, call, reply) => {
      void answer(reply, async () => {
        const request = readRequest(() => read(body))
        const store = storeOf(deps, call)
        const range =
          request.rangeId === '' && request.key ? store.rangeOf(request.key) : rangeOf(store, request.rangeId)
        const leader = range?.leader ?? null
        if (!range || (!range.isLeader && leader !== store.id)) return passOn(deps, call, body, leader, request.rangeId)
        const { ver } = range.describe()
        if (request.ver.high + request.ver.low > 0 && (request.ver.high !== ver.high || request.ver.low !== ver.low)) {
          return management('BadVersion', `range ${range.id} has version ${formatVersion(ver)} by now`, range)
        }
        try {
          const more = await act(range, body, call)
          return management('Ok', '', range, more ?? {})
        } catch (thrown) {
          const error = toKvError(thrown)
          return management(error.code, error.hint ? `${error.message}; ${error.hint}` : error.message, range)
        }
      })
    }

  return {
    unary: {
      ...replicaCalls(deps),
      [path('Describe')]: (body, call, reply) => {
        void answer(reply, () => describeStore(options, deps, call, body))
      },
      [path('TransferLeadership')]: managed(
        (body) => {
          const { rangeId, verHigh, verLow } = v1.TransferLeadershipRequest.decode(body)
          return { rangeId, ver: { high: verHigh, low: verLow } }
        },
        async (range, body) => {
          await transfer(range, asStore(v1.TransferLeadershipRequest.decode(body).storeId))
        },
      ),
      [path('ChangeReplicaConfig')]: managed(
        (body) => {
          const { rangeId, verHigh, verLow } = v1.ChangeReplicaConfigRequest.decode(body)
          return { rangeId, ver: { high: verHigh, low: verLow } }
        },
        (range, body) => {
          const request = v1.ChangeReplicaConfigRequest.decode(body)
          const voters = (request.voters ?? []).map(asStore)
          const learners = (request.learners ?? []).map(asStore)
          const known = new Set([...range.members, range.self, ...deps.peers.known()].map(({ store }) => store))
          const stranger = [...voters, ...learners].find((one) => !known.has(one))
          if (stranger) {
            throw new KvError('NotFound', `no store ${stranger} is known here`, {
              hint: '`base-kv landscape` shows the stores',
            })
          }
          return range.changeReplicas({ voters, learners })
        },
      ),
      [path('Split')]: managed(
        (body) => {
          const { rangeId, verHigh, verLow, splitKey } = v1.SplitRequest.decode(body)
          return { rangeId, key: splitKey, ver: { high: verHigh, low: verLow } }
        },
        async (range, body) => ({ rightId: await range.split(v1.SplitRequest.decode(body).splitKey) }),
      ),
      [path('Merge')]: managed(
        (body) => {
          const { leftId, verHigh, verLow } = v1.MergeRequest.decode(body)
          return { rangeId: leftId, ver: { high: verHigh, low: verLow } }
        },
        (range, body, call) => {
          const { rightId, verHigh: high, verLow: low } = v1.MergeRequest.decode(body)
          const store = storeOf(deps, call)
          const at = {
            store,
            reachable: () => deps.peers.reachable(store.options.name),
            channelOf: (other: StoreId) => deps.peers.channelOf(other),
            wire: (one: Range) => rangeToWire(one.describe()),
          }
          const timeoutMs = Math.min(call.remainingMs(), MERGE_STEP_MS)
          return mergeRanges(at, range, {
            right: asRange(rightId),
            ver: high + low > 0 ? { high, low } : undefined,
            timeoutMs,
          })
        },
      ),
    },
  }
}

/** Turns in which a former leader hears of the next one. */
const NEW_LEADER_TURNS_MAX = 200

/** Resolves when `target` leads. @throws KvError */
async function transfer(range: Range, target: StoreId): Promise<void> {
  range.transferLeader(target)
  // The core gives a transfer up after an election timeout.
  while (range.transferring) await range.nextTurn()
  for (let turn = 0; turn < NEW_LEADER_TURNS_MAX && !range.isLeader && range.leader === null; turn++) {
    await range.nextTurn()
  }
  if (range.leader === target) return
  throw new KvError('TryLater', 'the transfer did not come about', {
    hint: 'see `base-kv range list`, then send again',
  })
}
