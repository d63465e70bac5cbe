/**
 * Asks every node for the same key in the same moment. Whoever believes to hold it answers for himself if he can: so two
 * who both serve a key, and one who serves it no more and does not know, show in the histories.
 */
import { KvQuery } from '@base-kv/kv-store'
import { v1 } from '@base-kv/protocol'
import type { Prng } from '../prng.ts'
import type { Records } from './client.ts'
import { placeOf } from './key-book.ts'
import type { World } from './world.ts'

export class Prober {
  readonly #world: World
  readonly #prng: Prng
  readonly #records: Records
  #isStopped = false

  constructor(world: World, prng: Prng, records: Records) {
    this.#world = world
    this.#prng = prng
    this.#records = records
  }

  begin(): void {
    const { reshaped } = this.#world
    this.#world.reshaped = (machine) => {
      reshaped(machine)
      this.#probeOften()
    }
    this.#probeNowAndThen()
  }

  /** When ranges have changed here and there, and elsewhere not yet. */
  #probeOften(): void {
    for (let left = 6; left > 0; left--) {
      this.#world.heap.after(this.#prng.between(0, 2) * this.#world.plan.tickMs, () => {
        if (!this.#isStopped) this.#probe(this.#key)
      })
    }
  }

  get #key(): string {
    return this.#records.book.key(this.#prng.below(this.#records.book.count))
  }

  #probeNowAndThen(): void {
    this.#world.heap.after(this.#prng.gap(0.7 * this.#world.plan.raft.electionTimeoutMs), () => {
      if (this.#isStopped) return
      this.#probe(this.#key)
      this.#probeNowAndThen()
    })
  }

  stop(): void {
    this.#isStopped = true
  }

  #probe(name: string): void {
    const { heap, machines, coverage } = this.#world
    const { book, lists, registers } = this.#records
    const key = Buffer.from(name)
    const body = v1.GetRequest.encode({ key }).finish()
    const beginMs = heap.now
    const floor = lists.begin(name)
    let answers = 0
    for (const { up, number } of machines) {
      const range = up?.store?.rangeOf(key)
      if (!up || !range?.isLeader) continue
      range.read('linearizable', (refusal) => {
        if (refusal || !up.isAlive) return
        let answer: Uint8Array
        try {
          answer = range.query(KvQuery.get, body) as Uint8Array
        } catch {
          return
        }
        coverage.add(++answers === 1 ? 'probeAnswered' : 'probedTwice')
        const found = answer.length === 0 ? null : Buffer.from(v1.GetReply.decode(answer).value ?? []).toString()
        if (book.isList(placeOf(name))) lists.read(name, found ?? '', floor)
        else registers.push({ key: name, client: `probe of ${number}`, kind: 'get', found, beginMs, endMs: heap.now })
      })
    }
  }
}
