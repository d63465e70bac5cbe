/**
 * Once faults are over everything must become whole by itself within a bounded time: every range has one leader, its
 * members and nobody else hold it, all are caught up, and every key takes a write and a read.
 */
import type { StoreDescriptor } from '@base-kv/landscape'
import { Client, type Records } from './client.ts'
import { placeOf } from './key-book.ts'
import { shortStore } from './store-names.ts'
import { type Ownership, show } from './ownership.ts'
import type { Prng } from '../prng.ts'
import type { World } from './world.ts'

export class Wholeness {
  readonly #world: World
  readonly #ownership: Ownership
  readonly #records: Records
  readonly #client: Client
  /** Keys that are still to be written and read. */
  #todo: string[] | null = null
  #isAsking = false

  constructor(world: World, ownership: Ownership, records: Records, prng: Prng) {
    this.#world = world
    this.#ownership = ownership
    this.#records = records
    this.#client = new Client(world, 'last', prng, records)
  }

  /** What is still missing; null when all is well. */
  missing(): string | null {
    return this.#missingReplica() ?? this.#missingAnswer()
  }

  get text(): string {
    const stores = this.#described().map(({ id, ranges }) => {
      const each = ranges.map(
        ({ id: range, role, term, ver, state, config, commit, applied, lastIndex, leader, boundary, damage }) => {
          const voters = `${config.voters.map(shortStore).join('')}+${config.learners.map(shortStore).join('')}>${config.nextVoters.map(shortStore).join('')}`
          return `${range.slice(-6)} ${role} term ${term} ver ${ver.high}-${ver.low} ${state} ${show(boundary)} ${voters} ${applied}/${commit}/${lastIndex} leader ${leader ? shortStore(leader) : '-'} ${damage}`
        },
      )
      return `\n  store ${shortStore(id)}: ${each.join('\n    ')}`
    })
    return `${stores.join('')}\n  newest: ${this.#ownership.text}`
  }

  #described(): StoreDescriptor[] {
    return this.#world.machines.flatMap(({ up }) => up?.store?.describe() ?? [])
  }

  #missingReplica(): string | null {
    const { machines } = this.#world
    if (machines.some(({ up }) => !up)) return 'a machine that serves'
    const stores = this.#described()
    const living = new Set(stores.map(({ id }) => id))
    for (const { id, state } of this.#ownership.serving) {
      const held = stores.flatMap((store) =>
        store.ranges.filter((range) => range.id === id).map((range) => ({ store: store.id, ...range })),
      )
      const leaders = held.filter(({ role }) => role === 'Leader')
      const [leader] = leaders
      if (!leader) return `a leader of ${id}`
      if (leaders.length > 1) return `one leader only of ${id}`
      const { config } = leader
      if (config.nextVoters.length > 0) return `the joint configuration of ${id} left`
      const members = [...config.voters, ...config.learners]
      const dead = members.find((member) => !living.has(member))
      if (dead) return `store ${shortStore(dead)} replaced in ${id}`
      for (const member of members) {
        const replica = held.find(({ store }) => store === member)
        if (!replica) return `range ${id} on store ${shortStore(member)}`
        if (replica.damage !== '') return `range ${id} on store ${shortStore(member)} without damage`
        if (replica.applied < leader.commit || leader.commit < leader.lastIndex)
          return `range ${id} caught up on store ${shortStore(member)}`
      }
      const stray = held.find(({ store }) => !members.includes(store))
      if (stray) return `range ${id} gone from store ${shortStore(stray.store)}`
      if (state.state !== 'Normal') return `range ${id} normal`
    }
    for (const { id, ranges } of stores) {
      // One that never got any data does not know which keys were its range's: nobody can tell it that they are another's.
      const zombie = ranges.find(
        ({ id: range, lastIndex }) => lastIndex > 0 && !this.#ownership.serving.some((one) => one.id === range),
      )
      if (zombie) return `range ${zombie.id}, which is no more, gone from store ${shortStore(id)}`
    }
    return null
  }

  #missingAnswer(): string | null {
    this.#todo ??= this.#records.book.all.slice()
    if (!this.#isAsking) this.#askNext()
    const [next] = this.#todo
    return next === undefined ? null : `a write and a read of ${next}`
  }

  #askNext(): void {
    const key = this.#todo?.[0]
    if (key === undefined) return
    this.#isAsking = true
    const place = placeOf(key)
    const isList = this.#records.book.isList(place)
    const ended = (wentWell: boolean): void => {
      this.#isAsking = false
      if (wentWell) this.#todo?.shift()
      this.#askNext()
    }
    const read = (wentWell: boolean): void => {
      if (!wentWell) return ended(false)
      const task = isList ? { kind: 'read' as const, floor: this.#records.lists.begin(key) } : { kind: 'get' as const }
      this.#client.ask(place, task, ended, 20, key)
    }
    this.#client.ask(
      place,
      isList ? { kind: 'append', value: this.#client.item() } : { kind: 'put', value: this.#client.item() },
      read,
      20,
      key,
    )
  }
}
