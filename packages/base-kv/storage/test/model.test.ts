/**
 * Random lives of a store on disks in memory, against a model in plain Maps: every read, view and scan must agree at every
 * step, and after every crash (all that was not synced is gone, at any write) nothing acknowledged may be missing.
 */
import { expect, test } from '@jest/globals'
import { logIndex } from '@base-kv/base'
import { MemoryDisk, openMemoryStorage, type RangeView, type Storage } from '../src/index.ts'
import { all, applied, bytes, chance, deps, entry, hard, newReplica, point, R1, SELF, text } from './fixtures.ts'

const SEEDS = 60
const STEPS = 120
const KEYS = 12

type Model = Map<string, string>

/** The state after entry `index`: what an entry does follows from its own text. */
function applyTo(model: Model, command: string): void {
  const [what, key = '', value = ''] = command.split(' ')
  if (what === 'put') model.set(key, value)
  if (what === 'del') model.delete(key)
}

class Life {
  readonly below: (below: number) => number
  readonly disks = { log: new MemoryDisk(), data: new MemoryDisk() }
  /** commands[i] is the command of entry i + 2. */
  commands: string[] = []
  acknowledged = 1
  flushed = 1
  term = 1
  votedDurably = 1
  model: Model = new Map()
  storage!: Storage
  readonly views: { view: RangeView; model: Model }[] = []

  constructor(seed: number) {
    this.below = chance(seed)
  }

  async open(): Promise<void> {
    this.storage = await openMemoryStorage(
      this.disks,
      { cluster: 'test', onPoison: () => {}, logCacheBytes: 500 },
      deps,
    )
  }

  async begin(): Promise<void> {
    await this.open()
    await this.storage.createReplica(R1, newReplica())
  }

  async step(): Promise<void> {
    const dice = this.below(100)
    if (dice < 45) this.append()
    else if (dice < 60) await this.storage.data.flushNow().then(() => this.noteFlushed())
    else if (dice < 70) this.openView()
    else if (dice < 80) await this.closeView()
    else if (dice < 85) this.castVote()
    else if (dice < 90) this.compact()
    else if (dice < 95) await this.storage.log.flush()
    else await this.crash()
    this.checkReads()
  }

  append(): void {
    const key = `k${this.below(KEYS)}`
    const command = this.below(4) === 0 ? `del ${key}` : `put ${key} ${this.below(1000)}`
    this.commands.push(command)
    const index = this.commands.length + 1
    this.storage.log.append(R1, { entries: [entry(index, 1, command)] }, () => {
      this.acknowledged = index
      this.apply(index)
    })
  }

  apply(index: number): void {
    const command = this.commands[index - 2] as string
    applyTo(this.model, command)
    const [what, key = '', value = ''] = command.split(' ')
    const data = this.storage.data.range(R1)
    if (what === 'put') data.put('user', bytes(key), bytes(value))
    else data.delete('user', bytes(key))
    data.setApplied(applied(index, 1))
  }

  castVote(): void {
    const term = ++this.term
    this.storage.log.append(R1, { hardState: hard(term, SELF) }, () => {
      this.votedDurably = term
    })
  }

  noteFlushed(): void {
    this.flushed = this.storage.data.flushedApplied(R1)
  }

  compact(): void {
    const to = this.storage.data.flushedApplied(R1)
    if (to > this.storage.log.snapshot(R1).index) this.storage.log.compact(R1, point(to, 1))
  }

  openView(): void {
    if (this.views.length < 3)
      this.views.push({ view: this.storage.data.range(R1).readView(), model: new Map(this.model) })
  }

  async closeView(): Promise<void> {
    const [oldest] = this.views.splice(this.below(this.views.length + 1), 1)
    if (oldest === undefined) return
    const reverse = this.below(2) === 1
    const iterator = oldest.view.scan('user', { start: null, end: null, reverse, pagePairs: 1 + this.below(4) })
    // Something is flushed and appended while the scan is under way.
    const first = await iterator.next()
    this.append()
    await this.storage.data.flushNow()
    this.noteFlushed()
    const pairs = [...first, ...(await all(iterator))].map(([key, value]) => [text(key), text(value)])
    const expected = [...oldest.model].sort(([a], [b]) => (a < b ? -1 : 1))
    expect(pairs).toEqual(reverse ? expected.toReversed() : expected)
    await oldest.view.close()
  }

  checkReads(): void {
    const key = `k${this.below(KEYS)}`
    expect(text(this.storage.data.range(R1).get('user', bytes(key)))).toBe(this.model.get(key))
  }

  /** Power goes: the next few writes may still land, then the process is gone and unsynced writes with it. */
  async crash(): Promise<void> {
    let left = this.below(3)
    for (const disk of [this.disks.log, this.disks.data]) disk.beforeWrite = () => left-- > 0
    this.append()
    this.append()
    await Promise.allSettled([this.storage.log.flush(), this.storage.data.flushNow()])
    if (this.storage.poison === null) this.noteFlushed()
    await this.storage.close()
    for (const disk of [this.disks.log, this.disks.data]) {
      disk.beforeWrite = () => true
      disk.crash()
    }
    this.views.length = 0
    await this.open()
    this.checkAfterCrash()
  }

  checkAfterCrash(): void {
    const [found] = this.storage.found
    expect(found).toMatchObject({ state: 'ok' })
    const last = this.storage.log.lastIndex(R1)
    expect(last).toBeGreaterThanOrEqual(this.acknowledged)
    this.term = found?.hardState.term ?? 0
    expect(this.term).toBeGreaterThanOrEqual(this.votedDurably)
    expect(found?.hardState.vote).toEqual(this.term === 1 ? null : SELF)
    this.commands = this.commands.slice(0, last - 1)
    const { index } = this.storage.log.snapshot(R1)
    const entries = this.storage.log.reader(R1).entries(logIndex(index + 1), last, Infinity)
    expect(entries.map(({ data }) => text(data))).toEqual(this.commands.slice(index - 1))

    const applied = this.storage.data.range(R1).record.applied.index
    expect(applied).toBeGreaterThanOrEqual(this.flushed)
    this.model = new Map()
    for (const command of this.commands.slice(0, applied - 1)) applyTo(this.model, command)
    for (let key = 0; key < KEYS; key++) {
      expect(text(this.storage.data.range(R1).get('user', bytes(`k${key}`)))).toBe(this.model.get(`k${key}`))
    }
    for (let next = applied + 1; next <= last; next++) this.apply(next)
    this.acknowledged = last
  }
}

test(`${SEEDS} random lives agree with the model`, async () => {
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
})
