/**
 * News that this node still spreads. At most one piece about each member (the newest), each sent a bounded number of
 * times, the least sent first, so that what is fresh overtakes what nearly everybody knows.
 */
import type { HostId } from '@base-kv/base'
import type { Update } from './member.ts'

/** More than a packet ever takes. */
const OFFERED_MAX = 48

export class GossipQueue {
  // By how often it was sent. Invariant: a host stands in one of them at most, the one that #sent names.
  readonly #bySent: Map<HostId, Update>[] = []
  readonly #sent = new Map<HostId, number>()

  get size(): number {
    return this.#sent.size
  }

  /** Replaces what was said about that member before. */
  add(update: Update): void {
    this.#remove(update.host)
    this.#put(update, 0)
  }

  /** The least sent first, as many as a packet may take. What is then sent is told to `wasSent`. */
  next(): Update[] {
    const offered: Update[] = []
    for (const updates of this.#bySent) {
      for (const update of updates.values()) {
        if (offered.length === OFFERED_MAX) return offered
        offered.push(update)
      }
    }
    return offered
  }

  wasSent(updates: readonly Update[], sentMax: number): void {
    for (const update of updates) {
      const sent = this.#sent.get(update.host)
      // An accusation that was added to the packet of the accused may be older than what is spread.
      if (sent === undefined || this.#bySent[sent]?.get(update.host) !== update) continue
      this.#remove(update.host)
      if (sent + 1 < sentMax) this.#put(update, sent + 1)
    }
  }

  #put(update: Update, sent: number): void {
    for (let i = this.#bySent.length; i <= sent; i++) this.#bySent.push(new Map())
    this.#bySent[sent]?.set(update.host, update)
    this.#sent.set(update.host, sent)
  }

  #remove(host: HostId): void {
    const sent = this.#sent.get(host)
    if (sent !== undefined) this.#bySent[sent]?.delete(host)
    this.#sent.delete(host)
  }
}
