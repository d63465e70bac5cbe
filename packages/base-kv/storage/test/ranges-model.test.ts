/**
 * Random lives of a store with many ranges on disks in memory: puts, splits, merges, snapshots, destroyed replicas,
 * flushes, and crashes at any write of all of these. What a range holds follows from its log alone, so the model is one
 * picture of every range at every index; whatever a crash leaves must be one of them, the ranges together must never
 * overlap, and what was acknowledged must be there.
 */
import { expect, test } from '@jest/globals'
import { compareStarts, contains, logIndex, rangeId, replicaId, type Boundary, type RangeId } from '@base-kv/base'
import { MemoryDisk, openMemoryStorage, type RangeView, type Storage } from '../src/index.ts'
import {
  applied,
  asText,
  all,
  bytes,
  chance,
  deps,
  entry,
  hard,
  newReplica,
  pairsOf,
  point,
  R1,
  record,
  SELF,
  slotsCleared,
  text,
} from './fixtures.ts'

const SEEDS = 40
const STEPS = 150
const KEYS = 24

type Command =
  | { do: 'put'; key: string; value: string | null; local: string }
  | { do: 'split'; key: string; right: RangeId }
  | { do: 'freeze' }
  | { do: 'merge'; right: RangeId; frozenAt: number }

/** A range as of one index. */
interface Picture {
  readonly boundary: Boundary
  readonly user: ReadonlyMap<string, string>
  readonly local: ReadonlyMap<string, string>
  readonly frozen: boolean
}

const pairs = (map: ReadonlyMap<string, string>): string[] => [...map].map(([key, value]) => `${key}=${value}`).sort()
const keep = (map: ReadonlyMap<string, string>, boundary: Boundary) =>
  new Map([...map].filter(([key]) => contains(boundary, bytes(key))))

class Life {
  readonly below: (below: number) => number
  readonly disks = { log: new MemoryDisk(), data: new MemoryDisk() }
  /** Bytes of a batch: 1 for one batch a change. */
  readonly soft: number
  storage!: Storage
  /** Every range at every index that it was ever applied up to. */
  readonly pictures = new Map<RangeId, Map<number, Picture>>()
  readonly acknowledged = new Map<RangeId, number>()
  readonly voted = new Map<RangeId, number>()
  /** Ranges that were destroyed here, with what they were, to come back by a snapshot. */
  readonly lost = new Map<RangeId, Picture>()
  readonly views: { view: RangeView; picture: Picture }[] = []
  /** Ranges that are being destroyed or get a snapshot: nothing is appended or applied. */
  readonly busy = new Set<RangeId>()
  #ids = 1
  #crashed = false

  constructor(seed: number) {
    this.below = chance(seed)
    this.soft = seed % 3 === 0 ? 1 : 2000
  }

  async begin(): Promise<void> {
    await this.open()
    await this.storage.createReplica(R1, newReplica())
    this.note(R1, 1, { boundary: { start: null, end: null }, user: new Map(), local: new Map(), frozen: false })
  }

  async open(): Promise<void> {
    const options = { cluster: 'test', onPoison: () => {}, segmentsMax: 3, flushBytesSoft: this.soft }
    this.storage = await openMemoryStorage(this.disks, options, deps)
  }

  // ---- what ranges do ----------------------------------------------------------------------------------------------

  note(range: RangeId, index: number, picture: Picture): void {
    const known = this.pictures.get(range) ?? new Map<number, Picture>()
    known.set(index, picture)
    this.pictures.set(range, known)
  }

  picture(range: RangeId): Picture {
    const { index } = this.storage.data.range(range).record.applied
    const picture = this.pictures.get(range)?.get(index)
    if (picture === undefined) throw new Error(`nothing known of ${range} at ${index}`)
    return picture
  }

  append(range: RangeId, command: Command): Promise<void> {
    const index = this.storage.log.lastIndex(range) + 1
    return new Promise((resolve) => {
      this.storage.log.append(range, { entries: [entry(index, 1, JSON.stringify(command))] }, () => {
        this.acknowledged.set(range, index)
        if (this.storage.data.has(range) && !this.busy.has(range)) this.apply(range, index)
        resolve()
      })
    })
  }

  /** Applies entry `index`; false when it must wait for another range. */
  apply(range: RangeId, index: number): boolean {
    const [logged] = this.storage.log.reader(range).entries(logIndex(index), logIndex(index), Infinity)
    const command = JSON.parse(text(logged?.data) as string) as Command
    const before = this.picture(range)
    const data = this.storage.data.range(range)
    const at = applied(index, 1)
    if (command.do === 'split') {
      const left: Boundary = { start: before.boundary.start, end: bytes(command.key) }
      const right: Boundary = { start: bytes(command.key), end: before.boundary.end }
      const found = this.storage.split(range, {
        at,
        key: bytes(command.key),
        leftState: bytes(`${range}@${index}`),
        right: {
          range: command.right,
          replica: replicaId(1),
          snapshot: point(1, 1),
          hardState: hard(1, null, 1),
          state: bytes(`${command.right}@1`),
          local: [...before.local].map(([key, value]) => [bytes(key), bytes(value)] as const),
        },
      })
      this.note(range, index, { ...before, boundary: left, user: keep(before.user, left) })
      if (found !== null) this.note(command.right, 1, { ...before, boundary: right, user: keep(before.user, right) })
      return true
    }
    if (command.do === 'merge') {
      const right = this.storage.data.has(command.right) ? this.storage.data.range(command.right) : undefined
      if ((right?.record.applied.index ?? 0) < command.frozenAt) return false
      const absorbed = this.picture(command.right)
      for (const [key, value] of absorbed.local) data.put('local', bytes(key), bytes(value))
      const frozenAt = logIndex(command.frozenAt)
      this.storage.merge(range, { at, state: bytes(`${range}@${index}`), right: command.right, frozenAt })
      this.note(range, index, {
        boundary: { start: before.boundary.start, end: absorbed.boundary.end },
        user: new Map([...before.user, ...absorbed.user]),
        local: new Map([...before.local, ...absorbed.local]),
        frozen: false,
      })
      return true
    }
    let after = before
    if (command.do === 'freeze') after = { ...before, frozen: true }
    if (command.do === 'put' && contains(before.boundary, bytes(command.key)) && !before.frozen) {
      const user = new Map(before.user)
      if (command.value === null) {
        data.delete('user', bytes(command.key))
        user.delete(command.key)
      } else {
        data.put('user', bytes(command.key), bytes(command.value))
        user.set(command.key, command.value)
      }
      data.put('local', bytes(command.local), bytes(command.key))
      after = { ...before, user, local: new Map([...before.local, [command.local, command.key]]) }
    }
    data.setApplied(at, bytes(`${range}@${index}`))
    this.note(range, index, after)
    return true
  }

  // ---- steps -------------------------------------------------------------------------------------------------------

  async step(): Promise<void> {
    const dice = this.below(100)
    if (dice < 40) this.put()
    else if (dice < 52) await this.split()
    else if (dice < 64) await this.merge()
    else if (dice < 68) this.vote()
    else if (dice < 73) await this.storage.data.flushNow()
    else if (dice < 76) this.compact()
    else if (dice < 80) this.openView()
    else if (dice < 85) await this.closeView()
    else if (dice < 88) await this.destroy()
    else if (dice < 91) await this.comeBack()
    else if (dice < 94) await this.install()
    else if (dice < 95) await slotsCleared(this.storage)
    else await this.crash()
    if (!this.#crashed) await this.check(this.any())
  }

  any(): RangeId | undefined {
    const ranges = this.storage.data.ranges.filter((range) => !this.busy.has(range))
    return ranges[this.below(ranges.length)]
  }

  key(): string {
    return `k${String(this.below(KEYS)).padStart(2, '0')}`
  }

  put(): void {
    const range = this.any()
    if (range === undefined) return
    const value = this.below(4) === 0 ? null : String(this.below(1000))
    void this.append(range, { do: 'put', key: this.key(), value, local: `request ${this.below(5)}` })
  }

  async split(): Promise<void> {
    const range = this.any()
    const key = this.key()
    if (range === undefined || this.picture(range).frozen) return
    const { start } = this.picture(range).boundary
    await this.settled(range)
    if (!contains(this.picture(range).boundary, bytes(key)) || compareStarts(start, bytes(key)) === 0) return
    await this.append(range, { do: 'split', key, right: rangeId(7n, BigInt(this.#ids++)) })
  }

  async merge(): Promise<void> {
    const left = this.any()
    if (left === undefined || this.picture(left).frozen) return
    await this.settled(left)
    const { end } = this.picture(left).boundary
    const right = this.storage.data.ranges.find(
      (range) => end !== null && compareStarts(this.picture(range).boundary.start, end) === 0,
    )
    if (right === undefined) return
    if (!this.picture(right).frozen) await this.append(right, { do: 'freeze' })
    if (this.storage.poison !== null || !this.picture(right).frozen || this.below(5) === 0) return
    await this.append(left, { do: 'merge', right, frozenAt: this.storage.data.range(right).record.applied.index })
  }

  /** Everything that was appended to the range is applied. */
  async settled(range: RangeId): Promise<void> {
    await Promise.all([this.storage.log.flush(), this.storage.data.flushNow()])
    expect(this.storage.data.range(range).record.applied.index).toBe(this.storage.log.lastIndex(range))
  }

  vote(): void {
    const range = this.any()
    if (range === undefined) return
    const term = (this.voted.get(range) ?? 1) + 1
    this.storage.log.append(range, { hardState: hard(term, SELF, 1) }, () => this.voted.set(range, term))
  }

  compact(): void {
    const range = this.any()
    if (range === undefined) return
    const to = this.storage.data.flushedApplied(range)
    if (to > this.storage.log.snapshot(range).index) this.storage.log.compact(range, point(to, 1))
  }

  openView(): void {
    const range = this.any()
    if (range === undefined || this.views.length > 2) return
    this.views.push({ view: this.storage.data.range(range).readView(), picture: this.picture(range) })
  }

  async closeView(): Promise<void> {
    const opened = this.views.shift()
    if (opened === undefined) return
    const { view, picture } = opened
    const iterator = view.scan('user', { start: null, end: null, pagePairs: 1 + this.below(3) })
    const first = await iterator.next()
    await this.split()
    await this.merge()
    await this.storage.data.flushNow()
    expect([...asText(first), ...asText(await all(iterator))]).toEqual(pairs(picture.user))
    expect(asText(await all(view.scan('local', { start: null, end: null })))).toEqual(pairs(picture.local))
    await view.close()
  }

  async destroy(): Promise<void> {
    const range = this.any()
    if (range === undefined || this.storage.data.ranges.length < 3) return
    await this.settled(range)
    this.lost.set(range, this.picture(range))
    this.busy.add(range)
    await this.storage.destroyReplica(range, replicaId(this.replicaOf(range)))
    this.busy.delete(range)
  }

  replicaOf(range: RangeId): number {
    return (this.storage.log.tombstone(range) ?? 0) + 1
  }

  /** A destroyed replica is added once more under a new id and gets a snapshot. */
  async comeBack(): Promise<void> {
    const [first] = this.lost
    if (first === undefined) return
    const [range, picture] = first
    if (this.storage.data.has(range)) return
    const replica = replicaId(this.replicaOf(range))
    if (this.isHere(range)) await this.storage.destroyReplica(range, replica)
    const next = replicaId(this.replicaOf(range))
    this.voted.delete(range)
    this.acknowledged.delete(range)
    await this.storage.createReplica(range, { replica: next, hardState: hard(1), snapshot: point(0, 0), data: null })
    await this.pull(range, 1000 * next, picture)
    this.lost.delete(range)
  }

  isHere(range: RangeId): boolean {
    try {
      return this.storage.log.lastIndex(range) >= 0
    } catch {
      return false
    }
  }

  /** A range that is here gets the state of a later index. */
  async install(): Promise<void> {
    const range = this.any()
    if (range === undefined) return
    await this.settled(range)
    const picture = this.picture(range)
    const key = this.key()
    const user = new Map(contains(picture.boundary, bytes(key)) ? [...picture.user, [key, 'snapshot']] : picture.user)
    await this.pull(range, this.storage.log.lastIndex(range) + 10, { ...picture, user } as Picture)
  }

  async pull(range: RangeId, index: number, picture: Picture): Promise<void> {
    this.note(range, index, picture)
    this.busy.add(range)
    const load = await this.storage.data.beginLoad(range, { resumeKey: 'x' })
    const { boundary } = picture
    for (const space of ['user', 'local'] as const) {
      await load.add(
        space,
        [...picture[space]].map(([key, value]) => [bytes(key), bytes(value)] as const),
      )
    }
    const state = { ...record(index, 1, `${range}@${index}`), boundary }
    await this.storage.install(range, { snapshot: point(index, 1), load, record: state })
    this.busy.delete(range)
  }

  // ---- checks ------------------------------------------------------------------------------------------------------

  async check(range: RangeId | undefined): Promise<void> {
    if (range === undefined || !this.storage.data.has(range)) return
    const picture = this.picture(range)
    await using view = this.storage.data.range(range).readView()
    expect(view.record.boundary).toEqual(picture.boundary)
    expect(text(view.record.state)).toMatch(view.record.applied.index === 1 && range === R1 ? /^$/ : /@/)
    expect(await pairsOf(view)).toEqual(pairs(picture.user))
    expect(asText(await all(view.scan('local', { start: null, end: null })))).toEqual(pairs(picture.local))
  }

  checkNoOverlap(): void {
    const boundaries = this.storage.data.ranges.map((range) => this.storage.data.range(range).record.boundary)
    boundaries.sort((a, b) => compareStarts(a.start, b.start))
    for (const [i, { end }] of boundaries.slice(0, -1).entries()) {
      expect(end).not.toBeNull()
      expect(compareStarts(end, boundaries[i + 1]?.start ?? null)).toBeLessThanOrEqual(0)
    }
  }

  async crash(): Promise<void> {
    let left = this.below(6)
    for (const disk of [this.disks.log, this.disks.data]) disk.beforeWrite = () => left-- > 0
    this.#crashed = true
    this.put()
    const work = [this.split, this.split, this.merge, this.merge, this.destroy, this.comeBack, this.install]
    // It may never end, when it waits for a callback: the store's first error is the end of it all.
    void work[this.below(work.length)]?.call(this).catch(() => {})
    this.vote()
    while (this.storage.poison === null) {
      this.put()
      await Promise.allSettled([this.storage.log.flush(), this.storage.data.flushNow()])
      await new Promise((resolve) => setImmediate(resolve))
    }
    await this.storage.close()
    for (const disk of [this.disks.log, this.disks.data]) {
      disk.beforeWrite = () => true
      disk.crash()
    }
    this.views.length = 0
    await this.open()
    this.#crashed = false
    this.busy.clear()
    await this.checkAfterCrash()
  }

  async checkAfterCrash(): Promise<void> {
    const { storage } = this
    this.checkNoOverlap()
    for (const found of storage.found) {
      const { range, state, lastIndex, hardState } = found
      expect({ range, state, reason: found.reason }).toMatchObject({ state: 'ok', reason: '' })
      expect(hardState.term).toBeGreaterThanOrEqual(this.voted.get(range) ?? 0)
      this.voted.set(range, Math.max(1, hardState.term))
      if (found.data === null) continue
      expect(lastIndex).toBeGreaterThanOrEqual(this.acknowledged.get(range) ?? 0)
      await this.check(range)
    }
    // Nothing acknowledged is gone but with a replica that was destroyed or absorbed.
    for (const [range, index] of this.acknowledged) {
      const isHere = storage.found.some((found) => found.range === range && found.data !== null)
      if (!isHere && index > 1) expect(storage.log.tombstone(range)).toBeGreaterThanOrEqual(1)
    }
    this.replay()
    for (const range of storage.data.ranges) await this.check(range)
    this.checkNoOverlap()
    for (const range of this.lost.keys()) if (storage.data.has(range)) this.lost.delete(range)
  }

  /** Every range applies what its log holds, as far as it does not wait for another one. */
  replay(): void {
    for (let progress = true; progress;) {
      progress = false
      for (const range of this.storage.data.ranges) {
        if (!this.storage.data.has(range)) continue
        const next = this.storage.data.range(range).record.applied.index + 1
        if (next > this.storage.log.lastIndex(range) || !this.apply(range, next)) continue
        this.acknowledged.set(range, next)
        progress = true
      }
    }
    for (const range of this.storage.data.ranges) {
      expect([range, this.storage.data.range(range).record.applied.index]).toEqual([
        range,
        this.storage.log.lastIndex(range),
      ])
    }
  }
}

test(`${SEEDS} random lives of many ranges agree with the model`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const life = new Life(seed)
    await life.begin()
    try {
      for (let step = 0; step < STEPS; step++) await life.step()
    } catch (thrown) {
      throw new Error(`seed ${seed}`, { cause: thrown })
    }
    await life.storage.close()
  }
}, 120_000)
