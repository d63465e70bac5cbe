import { describe, expect, test } from '@jest/globals'
import { hostId, logIndex, rangeId, storeId, term } from '@base-kv/base'
import {
  effectiveRoute,
  isWhole,
  landscapeOf,
  type RangeDescriptor,
  type RangeState,
  type StoreDescriptor,
} from '../src/index.ts'

interface Told {
  id: bigint
  from?: string
  to?: string
  ver?: number
  term?: number
  epoch?: bigint
  role?: RangeDescriptor['role']
  state?: RangeState
  damage?: string
}

const key = (text: string | undefined) => (text === undefined ? null : new TextEncoder().encode(text))
const nobody = { voters: [], learners: [], nextVoters: [], nextLearners: [] }

const range = (told: Told): RangeDescriptor => ({
  id: rangeId(told.epoch ?? 1n, told.id),
  ver: { high: told.ver ?? 1, low: 0 },
  boundary: { start: key(told.from), end: key(told.to) },
  state: told.state ?? 'Normal',
  role: told.role ?? 'Leader',
  config: nobody,
  term: term(told.term ?? 1),
  leader: null,
  commit: logIndex(1),
  applied: logIndex(1),
  flushed: logIndex(1),
  lastIndex: logIndex(1),
  lastTerm: term(1),
  snapshotIndex: logIndex(1),
  requestPosition: 0,
  progress: [],
  fact: new Uint8Array(),
  hints: [],
  damage: told.damage ?? '',
  statistics: {},
  hlc: 0n,
})

const store = (n: number, ...ranges: Told[]): StoreDescriptor => ({
  id: storeId(`00000000-0000-4000-8000-00000000000${n}`),
  host: hostId(`h${n}`),
  name: 'kv.store',
  node: `n${n}`,
  address: `127.0.0.1:${n}`,
  attributes: {},
  statistics: { 'cpu.usage': 0, 'disk.free': 0, 'disk.total': 0, 'disk.stalledMs': 0 },
  hlc: 0n,
  ranges: ranges.map(range),
})

const text = (bytes: Uint8Array | null) => (bytes === null ? '' : new TextDecoder().decode(bytes))
function route(...stores: StoreDescriptor[]): { entries: string[]; isWhole: boolean } {
  const found = effectiveRoute(landscapeOf(stores))
  return {
    entries: found.map(({ boundary, range: { id }, store: { node } }) => {
      return `[${text(boundary.start)},${text(boundary.end)}) ${id} ${node}`
    }),
    isWhole: isWhole(found),
  }
}

describe('the effective route', () => {
  test('leaders side by side are whole', () => {
    expect(route(store(1, { id: 2n, from: 'm' }), store(2, { id: 1n, to: 'm' }))).toEqual({
      entries: ['[,m) 1_1 n2', '[m,) 1_2 n1'],
      isWhole: true,
    })
  })

  test('a gap, a missing head and a missing tail are not', () => {
    expect(route(store(1, { id: 1n, to: 'm' }, { id: 2n, from: 'n' })).isWhole).toBe(false)
    expect(route(store(1, { id: 2n, from: 'm' })).isWhole).toBe(false)
    expect(route(store(1, { id: 1n, to: 'm' })).isWhole).toBe(false)
    expect(route(store(1)).isWhole).toBe(false)
  })

  test('of two that say they lead one range the one of the higher term does', () => {
    expect(route(store(1, { id: 1n, term: 4 }), store(2, { id: 1n, term: 5 })).entries).toEqual(['[,) 1_1 n2'])
  })

  test('an old leader that never heard of the split loses what the right half has', () => {
    const seen = route(
      store(1, { id: 1n, ver: 1, term: 9 }),
      store(2, { id: 1n, ver: 2, term: 10, to: 'm' }, { id: 7n, ver: 2, from: 'm' }),
    )
    expect(seen).toEqual({ entries: ['[,m) 1_1 n2', '[m,) 1_7 n2'], isWhole: true })
  })

  test('a left half that was not told yet leaves its piece, which is not whole', () => {
    const seen = route(store(1, { id: 1n, ver: 1 }), store(2, { id: 7n, ver: 2, from: 'm' }))
    expect(seen).toEqual({ entries: ['[,m) 1_1 n1', '[m,) 1_7 n2'], isWhole: false })
  })

  test('followers, damaged replicas and those that end do not lead', () => {
    const seen = route(
      store(1, { id: 1n, role: 'Follower' }, { id: 2n, damage: 'a flipped bit' }, { id: 3n, state: 'Removed' }),
    )
    expect(seen.entries).toEqual([])
  })

  test('the oldest epoch counts', () => {
    expect(route(store(1, { id: 1n, epoch: 9n }), store(2, { id: 1n, epoch: 3n })).entries).toEqual(['[,) 3_1 n2'])
  })
})
