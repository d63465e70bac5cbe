import { expect, test } from '@jest/globals'
import { KvError } from '@base-kv/base'
import type { ClusterPicture } from '@base-kv/client'
import { clusterView } from '../src/cluster-view.ts'

const stores = ['aaaaaaaa-0', 'bbbbbbbb-0', 'cccccccc-0']

/** Three voters; `leader` is an index or -1, `down` do not answer. */
function picture({ leader, down = [] }: { leader: number; down?: number[] }): ClusterPicture {
  const nodes = stores.map((id, i) => {
    const address = `127.0.0.1:${7701 + i}`
    if (down.includes(i)) return { address, error: new KvError('Unreachable', 'refused') }
    const range = {
      id: '1_0',
      role: i === leader ? 'Leader' : 'Follower',
      appliedIndex: 10 - i,
      config: { voters: stores },
    }
    const peers = stores.map((storeId, p) => ({ storeId, node: `n${p + 1}`, address: `127.0.0.1:${7701 + p}` }))
    return { address, peers, store: { id, node: `n${i + 1}`, ranges: [range] } }
  })
  const route = {
    rangeId: '1_0',
    boundary: { start: null, end: null },
    epochConfirmed: true,
    verHigh: 0,
    verLow: 2,
    term: 3,
    leader: leader < 0 ? '' : stores[leader]!,
    movedTo: undefined,
    position: 0,
  }
  return { nodes, ranges: [route] }
}

test('all well', () => {
  const view = clusterView(picture({ leader: 1 }))
  expect(view.healthy).toBe(true)
  expect(view.health).toBe('healthy: 3 of 3 nodes answer, every range has a leader, any one node may fail')
  expect(view.ranges[0]).toMatchObject({ leader: { node: 'n2' }, appliedIndex: 9, votersUp: 3 })
})

test('one voter down: writes go on, and its name is known from its peers', () => {
  const view = clusterView(picture({ leader: 0, down: [2] }))
  expect(view.healthy).toBe(true)
  expect(view.health).toContain('no further node may fail')
  expect(view.nodes[2]).toMatchObject({
    node: 'n3',
    store: stores[2],
    state: 'unreachable',
    error: 'refused',
  })
  expect(view.ranges[0]?.voters.map((voter) => voter.node)).toEqual(['n1', 'n2', 'n3'])
})

test('no leader: not healthy', () => {
  const view = clusterView(picture({ leader: -1, down: [0, 1] }))
  expect(view.healthy).toBe(false)
  expect(view.health).toContain('1 of 1 ranges have no leader')
})
