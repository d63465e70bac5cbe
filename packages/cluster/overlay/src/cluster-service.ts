/** The gRPC service basekv.v1.Cluster: members and landscape as this node sees them, for people and tools. */
import { KvError } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import type { ServiceTable } from '@base-kv/rpc'
import type { Overlay } from './overlay.ts'

/** Of those that left only the latest are shown. */
const LEFT_SHOWN = 32

export function clusterService(overlay: Overlay): ServiceTable {
  return {
    unary: {
      '/basekv.v1.Cluster/Members': (_request, _call, reply) => {
        reply(null, v1.MembersReply.encode({ members: membersOf(overlay) }).finish())
      },
      '/basekv.v1.Cluster/Landscape': (request, _call, reply) => {
        let withRanges: boolean
        try {
          ;({ withRanges } = v1.LandscapeRequest.decode(request))
        } catch (cause) {
          reply(new KvError('BadRequest', 'the request does not decode', { cause }))
          return
        }
        reply(null, v1.LandscapeReply.encode({ stores: storesOf(overlay, withRanges) }).finish())
      },
    },
  }
}

function membersOf(overlay: Overlay): v1.ClusterMember.$Properties[] {
  const members = overlay.members()
  const here = members.filter(({ state }) => state !== 'left')
  const taken = new Set(here.map(({ address }) => address))
  // Who was replaced at its address is not worth a line.
  const left = members.filter(({ state, address }) => state === 'left' && !taken.has(address)).slice(-LEFT_SHOWN)
  const { stores } = overlay.landscape()
  return [...here, ...left].map(({ host, address, state, incarnation }) => ({
    hostId: host,
    address,
    state,
    incarnation,
    node: overlay.nodeName(host),
    stores: stores.flatMap((store) => (store.host === host ? [store.descriptor.id ?? ''] : [])),
  }))
}

function storesOf(overlay: Overlay, withRanges: boolean): v1.PicturedStore.$Properties[] {
  return overlay.landscape().stores.map(({ descriptor, live }) => {
    const { ranges: described, ...rest } = descriptor
    const ranges = described ?? []
    return {
      descriptor: withRanges ? { ...rest, ranges } : rest,
      live,
      ranges: ranges.length,
      leads: ranges.filter(({ role }) => role === 'Leader').length,
    }
  })
}
