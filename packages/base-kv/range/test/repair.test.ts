import { describe, expect, test } from '@jest/globals'
import { KvError, logIndex, replicaId, type StoreId, storeId } from '@base-kv/base'
import { type Config, initialConfig, type Member, type Progress, type RaftStatus } from '@base-kv/raft'
import { decodeRepair, encodeRepair, othersDecide, type PendingRepair, RepairWatch } from '../src/repair.ts'
import { decodeState, encodeState, firstState } from '../src/range-state.ts'

const id = (n: number): StoreId => storeId(`00000000-0000-4000-8000-00000000000${n}`)
const member = (n: number, replica = 1): Member => ({ store: id(n), replica: replicaId(replica) })
const [A, B, C] = [member(1), member(2), member(3)]
const ALIVE_MS = 500

interface Picture {
  readonly voters?: readonly Member[]
  readonly learners?: readonly Member[]
  /** Store and milliseconds since it answered. */
  readonly silent?: Readonly<Record<StoreId, number>>
  readonly state?: Progress['state']
  readonly joint?: boolean
}

function status({ voters = [A, B, C], learners = [], silent = {}, state = 'replicate', joint }: Picture): RaftStatus {
  const config: Config = { voters, learners, nextVoters: joint ? voters : [], nextLearners: [] }
  const progress = [...voters, ...learners]
    .filter((one) => one.store !== A.store)
    .map((one): Progress => ({
      member: one,
      voter: voters.includes(one),
      match: logIndex(5),
      next: logIndex(6),
      state,
      inflight: 0,
      silentMs: silent[one.store] ?? 10,
    }))
  return { self: A, config, progress, commit: logIndex(9), configIndex: logIndex(3) } as unknown as RaftStatus
}

const pending = (store: StoreId, voter = true): PendingRepair => ({ store, voter })

/** What happens at each look. */
function look(watch: RepairWatch, picture: Picture, repair: PendingRepair | null = null, nowMs = 0) {
  const step = watch.step(status(picture), repair, nowMs, ALIVE_MS)
  return step && [step.kind, step.repair.store, step.repair.voter]
}

describe('repair', () => {
  test('begins only with a member that said that it is gone', () => {
    const watch = new RepairWatch()
    expect(look(watch, { silent: { [C.store]: 1e9 } })).toBeNull()
    watch.heardGone(C)
    expect(look(watch, {})).toEqual(['remember', C.store, true])
    expect(look(watch, { voters: [A, B], learners: [C] })).toEqual(['remember', C.store, false])
  })

  test('does nothing about a former replica', () => {
    const watch = new RepairWatch()
    watch.heardGone(C)
    expect(look(watch, { voters: [A, B, member(3, 20)] })).toBeNull()
    watch.heardGone(member(3, 20))
    watch.heardGone(C)
    expect(look(watch, { voters: [A, B, member(3, 20)] })).toEqual(['remember', C.store, true])
  })

  test('waits while the others could not decide without it, or a change is under way', () => {
    const watch = new RepairWatch()
    watch.heardGone(C)
    expect(look(watch, { silent: { [B.store]: ALIVE_MS } })).toBeNull()
    expect(look(watch, { joint: true })).toBeNull()
    watch.heardGone(B)
    expect(look(watch, {})).toBeNull()
    expect(look(watch, { voters: [A, B, C], learners: [] }, pending(C.store))).toBeNull()
  })

  test('removes, adds, and is forgotten when the new replica is what the old one was', () => {
    const watch = new RepairWatch()
    watch.heardGone(C)
    expect(look(watch, {}, pending(C.store))).toEqual(['remove', C.store, true])
    expect(look(watch, { voters: [A, B] }, pending(C.store))).toEqual(['add', C.store, true])
    const fresh = member(3, 20)
    expect(look(watch, { voters: [A, B], learners: [fresh] }, pending(C.store))).toEqual(['add', C.store, true])
    expect(look(watch, { voters: [A, B, fresh] }, pending(C.store))).toEqual(['forget', C.store, true])
  })

  test('a new leader decides nothing about a member that it has not heard', () => {
    expect(look(new RepairWatch(), { state: 'probe' }, pending(C.store))).toBeNull()
  })

  test('pauses longer after each failure, up to a bound, and forgets it in quiet times', () => {
    const watch = new RepairWatch()
    watch.heardGone(C)
    let now = 0
    const pauses: number[] = []
    for (let i = 0; i < 14; i++) {
      watch.pause(now)
      let ms = 0
      while (look(watch, {}, null, now + ms) === null) ms += 500
      pauses.push(ms)
      now += ms
    }
    expect(pauses.slice(0, 4)).toEqual([1000, 2000, 4000, 8000])
    expect(pauses.at(-1)).toBe(600_000)
    expect(look(watch, {}, null, now + 1_300_000)).not.toBeNull()
    watch.pause(now + 1_300_000)
    expect(look(watch, {}, null, now + 1_301_000)).not.toBeNull()
  })

  test('a leader knows whether the others can go on without it', () => {
    expect(othersDecide(status({}), ALIVE_MS)).toBe(true)
    expect(othersDecide(status({ silent: { [B.store]: 600 } }), ALIVE_MS)).toBe(false)
    expect(othersDecide(status({ voters: [A] }), ALIVE_MS)).toBe(false)
    expect(othersDecide(status({ voters: [A, B] }), ALIVE_MS)).toBe(false)
  })
})

describe('what is kept of it', () => {
  test.each([null, pending(C.store), pending(B.store, false)])('%j survives', (repair) => {
    expect(decodeRepair(encodeRepair(repair))).toEqual(repair)
    const state = { ...firstState(initialConfig([A.store, B.store])), confirmed: true, repair }
    expect(decodeState(encodeState(state))).toEqual(state)
  })

  test('damaged bytes are told from fine ones', () => {
    const bytes = encodeState(firstState(initialConfig([A.store])))
    for (const bad of [
      bytes.subarray(0, 10),
      bytes.subarray(0, bytes.length - 3),
      Buffer.concat([bytes, Buffer.from([1, 2, 3])]),
      Buffer.from(bytes).fill(0xff, 12, 20),
    ]) {
      expect(() => decodeState(bad)).toThrow(expect.objectContaining({ code: 'Corrupt' }) as unknown as KvError)
    }
    const newer = Buffer.from(bytes)
    newer[0] = 9
    expect(() => decodeState(newer)).toThrow(expect.objectContaining({ code: 'BadConfig' }) as unknown as KvError)
  })
})
