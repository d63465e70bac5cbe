/**
 * How replicas become equal. What changed is pushed to a few random others, who pass it on while it is new to them; what
 * pushes miss is found by comparing: now and then each node asks a random one whether both know the same (one number),
 * and only if not they exchange what is missing. A push that leaves a hole at the receiver makes it ask at once.
 *
 * A machine without clock, chance or sockets. It does not know who is alive: it is told who may own entries (`accepts`) and
 * to whom it may talk (`setPeers`); the entries of one that is gone are dropped by each node itself, since their owner's id
 * is never used again, and are fetched anew should the owner live after all.
 */
import type { HostId, Random } from '@base-kv/base'
import { type HybridClock, hlcFromBigint, hlcToBigint } from '@base-kv/hlc'
import { DigestHash } from './digest-hash.ts'
import type { Part } from './owned-map.ts'
import { OwnedMaps } from './owned-maps.ts'
import { type Register, Registers } from './registers.ts'
import {
  decodeMessage,
  encodeMessage,
  entrySize,
  MESSAGE_BYTES_MAX,
  type Message,
  OWNER_BYTES_MAX,
  OWNERS_MAX,
  registerSize,
} from './wire.ts'

export interface ReplicatorOptions {
  readonly host: HostId
  /** What is new goes out each, and is coalesced for so long. */
  readonly pushIntervalMs: number
  readonly pushFanout: number
  /** A push takes at most so much; who needs more asks. */
  readonly pushBytesMax: number
  readonly checkIntervalMs: number
}

export const defaultReplicatorOptions = {
  pushIntervalMs: 100,
  pushFanout: 3,
  pushBytesMax: 32 * 1024,
  checkIntervalMs: 10_000,
} as const

export interface ReplicatorCounts {
  malformed: number
  /** Parts and registers stamped too far in the future, by their owner. */
  readonly tooFarAhead: Map<HostId, number>
  /** Said to come from this node itself, which never wrote it. */
  bogus: number
  /** Pushes that could not be taken in because one before was missing. */
  gaps: number
  /** Owners or registers beyond the bounds. */
  full: number
}

export type Change =
  /** A key of an owner was written or deleted (value null). */
  | { readonly kind: 'entry'; readonly owner: HostId; readonly key: string; readonly value: Uint8Array | null }
  | { readonly kind: 'register'; readonly key: string; readonly value: Uint8Array }

export interface ReplicatorOutput {
  readonly messages: { readonly to: HostId; readonly bytes: Uint8Array }[]
  readonly changes: Change[]
}

/** Names in `tooFarAhead`. */
const NAMED_MAX = 64
const NEWCOMERS_ASKED_MAX = 3
/** What an entry takes beside key and value, tombstones of deleted ones included. */
const ENTRY_OVERHEAD = 64

interface Hot {
  // The version before the first change that is still pushed.
  readonly after: bigint
  rounds: number
}

export class Replicator {
  readonly counts: ReplicatorCounts = { malformed: 0, tooFarAhead: new Map(), bogus: 0, gaps: 0, full: 0 }
  readonly #options: ReplicatorOptions
  readonly #clock: HybridClock
  readonly #random: Random
  readonly #accepts: (owner: HostId) => boolean
  readonly #maps = new OwnedMaps()
  readonly #registers = new Registers()
  // What is new here and still pushed.
  readonly #hot = new Map<HostId, Hot>()
  readonly #hotRegisters = new Map<string, number>()
  // Of the own entries.
  #ownBytes = 0
  #peers: readonly HostId[] = []
  #output: ReplicatorOutput = { messages: [], changes: [] }
  #pushAtMs = 0
  #checkAtMs = 0

  constructor(
    options: ReplicatorOptions,
    deps: {
      readonly clock: HybridClock
      readonly random: Random
      /** Whether entries of that owner are wanted: not of one that is known to be gone. */
      accepts(owner: HostId): boolean
    },
  ) {
    this.#options = options
    this.#clock = deps.clock
    this.#random = deps.random
    this.#accepts = (owner) => deps.accepts(owner)
  }

  // ---- what this node writes -------------------------------------------------------------------------------------------

  /**
   * Own entries. The same value as before changes nothing.
   * @param value null deletes
   * @returns false when it would be more than one owner may have
   */
  write(key: string, value: Uint8Array | null): boolean {
    const own = this.#maps.of(this.#options.host)
    const known = own.get(key)
    if (value === null ? known === undefined : known !== undefined && sameBytes(known, value)) return true
    const grows = (value?.length ?? 0) - (known?.length ?? 0) + (known ? 0 : key.length + ENTRY_OVERHEAD)
    if (value !== null && this.#ownBytes + grows > OWNER_BYTES_MAX) {
      this.counts.full++
      return false
    }
    this.#ownBytes += value === null ? -(known?.length ?? 0) - key.length - ENTRY_OVERHEAD : grows
    const after = own.version
    own.write(key, { stamp: hlcToBigint(this.#clock.now()), value })
    this.#output.changes.push({ kind: 'entry', owner: this.#options.host, key, value })
    this.#heat(this.#options.host, after)
    return true
  }

  /** @param value empty takes it back. @returns what was written, false when there are too many keys */
  writeRegister(key: string, value: Uint8Array): Register | false {
    const edit = (this.#registers.get(key)?.edit ?? 0) + 1
    const register = { edit, stamp: hlcToBigint(this.#clock.now()), host: this.#options.host, value }
    return this.#joinRegister(key, register) ? register : false
  }

  /** What was kept on disk; before the first write. */
  loadRegister(key: string, register: Register): void {
    this.#joinRegister(key, register)
  }

  // ---- reading -----------------------------------------------------------------------------------------------------------

  get maps(): OwnedMaps {
    return this.#maps
  }

  get registers(): Registers {
    return this.#registers
  }

  // ---- inputs ------------------------------------------------------------------------------------------------------------

  /** Live members without this one. Those that are new are asked at once what they know. */
  setPeers(peers: readonly HostId[]): void {
    const before = new Set(this.#peers)
    this.#peers = peers
    const news = peers.filter((peer) => !before.has(peer))
    // Not all of a crowd: what these know is pushed on, and the next check finds the rest.
    for (const peer of sample(news, NEWCOMERS_ASKED_MAX, this.#random)) this.#send(peer, this.#digest(true))
  }

  /** Forgets an owner that is gone. */
  drop(owner: HostId): void {
    this.#hot.delete(owner)
    for (const key of this.#maps.drop(owner)) this.#output.changes.push({ kind: 'entry', owner, key, value: null })
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#pushAtMs && this.#hot.size + this.#hotRegisters.size > 0) {
      this.#pushAtMs = nowMs + this.#options.pushIntervalMs
      this.#push()
    }
    if (nowMs < this.#checkAtMs) return
    const pause = this.#options.checkIntervalMs
    this.#checkAtMs = nowMs + pause / 2 + this.#random.below(pause)
    const peer = this.#peers[this.#random.below(Math.max(1, this.#peers.length))]
    if (peer !== undefined) this.#send(peer, { kind: 'check', hash: this.#hash() })
  }

  /** Any bytes. */
  receive(from: HostId, bytes: Uint8Array): void {
    const message = decodeMessage(bytes)
    if (!message) {
      this.counts.malformed++
      return
    }
    switch (message.kind) {
      case 'check':
        if (message.hash !== this.#hash()) this.#send(from, this.#digest(true))
        break
      case 'digest':
        this.#digested(from, message)
        break
      case 'delta':
        this.#joined(from, message)
    }
  }

  take(): ReplicatorOutput {
    const output = this.#output
    this.#output = { messages: [], changes: [] }
    return output
  }

  // ---- pushing -----------------------------------------------------------------------------------------------------------

  #heat(owner: HostId, after: bigint): void {
    const hot = this.#hot.get(owner)
    this.#hot.set(owner, { after: hot ? minimum(hot.after, after) : after, rounds: this.#rounds() })
  }

  /** Enough for everybody to hear it with near certainty; checks find the rest. */
  #rounds(): number {
    return Math.max(2, Math.ceil(Math.log2(this.#peers.length + 2) / 2))
  }

  #push(): void {
    const registers = [...this.#hotRegisters.keys()].flatMap((key) => {
      const register = this.#registers.get(key)
      return register ? [[key, register] as const] : []
    })
    const wanted = [...this.#hot].map(([owner, { after }]) => [owner, after] as const)
    const message = this.#delta(wanted, registers, this.#options.pushBytesMax)
    for (const peer of sample(this.#peers, this.#options.pushFanout, this.#random)) this.#send(peer, message)
    for (const [owner, hot] of this.#hot) if (--hot.rounds <= 0) this.#hot.delete(owner)
    for (const [key, rounds] of this.#hotRegisters) {
      if (rounds <= 1) this.#hotRegisters.delete(key)
      else this.#hotRegisters.set(key, rounds - 1)
    }
  }

  // ---- comparing ---------------------------------------------------------------------------------------------------------

  #digest(answer: boolean): Message {
    const versions = [...this.#maps.owners].map((owner) => [owner, this.#maps.version(owner)] as const)
    return { kind: 'digest', versions, registersHash: this.#registersHash(), partial: false, answer }
  }

  #digested(from: HostId, digest: Message & { readonly kind: 'digest' }): void {
    const theirs = new Map(digest.versions)
    const owners = digest.partial ? theirs.keys() : this.#maps.owners
    const wanted: (readonly [HostId, bigint])[] = []
    for (const owner of owners) {
      const version = theirs.get(owner) ?? 0n
      if (version < this.#maps.version(owner)) wanted.push([owner, version])
    }
    const differ = !digest.partial && digest.registersHash !== this.#registersHash()
    if (wanted.length > 0 || differ) {
      this.#send(from, this.#delta(wanted, differ ? [...this.#registers.entries] : [], MESSAGE_BYTES_MAX))
    }
    if (!digest.answer) return
    const lacking = digest.versions.some(
      ([owner, version]) => version > this.#maps.version(owner) && this.#wants(owner),
    )
    if (lacking || differ) this.#send(from, this.#digest(false))
  }

  /** @param wanted owners, and the version that the receiver has */
  #delta(
    wanted: readonly (readonly [owner: HostId, after: bigint])[],
    registers: readonly (readonly [string, Register])[],
    bytesMax: number,
  ): Message {
    let room = bytesMax
    let more = false
    const parts: [HostId, Part][] = []
    for (const [owner, after] of wanted) {
      const part = room > 0 ? this.#maps.get(owner)?.since(after, room, entrySize) : undefined
      if (!part) {
        more ||= room <= 0
        continue
      }
      parts.push([owner, part])
      room -= 64 + part.entries.reduce((sum, [key, entry]) => sum + entrySize(key, entry), 0)
      more ||= part.to < this.#maps.version(owner)
    }
    const fitting: (readonly [string, Register])[] = []
    for (const one of registers) {
      room -= registerSize(...one)
      if (room < 0 && fitting.length > 0) {
        more = true
        break
      }
      fitting.push(one)
    }
    return { kind: 'delta', parts, registers: fitting, more }
  }

  #joined(from: HostId, delta: Message & { readonly kind: 'delta' }): void {
    const missing: [HostId, bigint][] = []
    let news = false
    for (const [owner, part] of delta.parts) {
      const joined = this.#joinPart(owner, part)
      news ||= joined === 'applied'
      if (joined === 'gap') missing.push([owner, this.#maps.version(owner)])
    }
    this.counts.gaps += missing.length
    for (const [key, register] of delta.registers) news = this.#joinRegister(key, register) || news
    // Who refuses what it is sent must not ask for it again and again.
    if (delta.more && news) this.#send(from, this.#digest(false))
    else if (missing.length > 0) {
      this.#send(from, { kind: 'digest', versions: missing, registersHash: 0n, partial: true, answer: false })
    }
  }

  #joinPart(owner: HostId, part: Part): 'applied' | 'gap' | 'nothing' {
    if (owner === this.#options.host) {
      if (part.to > this.#maps.version(owner)) this.counts.bogus++
      return 'nothing'
    }
    if (!this.#wants(owner) || !this.#believes(part.to, owner)) return 'nothing'
    const map = this.#maps.of(owner)
    const after = map.version
    const joined = map.join(part)
    if (joined.kind === 'gap') return 'gap'
    if (joined.kind === 'known') return 'nothing'
    for (const key of joined.keys) {
      this.#output.changes.push({ kind: 'entry', owner, key, value: map.get(key) ?? null })
    }
    this.#heat(owner, after)
    return 'applied'
  }

  #joinRegister(key: string, register: Register): boolean {
    if (!this.#believes(register.stamp, register.host) || !this.#registers.join(key, register)) return false
    this.#hotRegisters.set(key, this.#rounds())
    this.#output.changes.push({ kind: 'register', key, value: register.value })
    return true
  }

  #wants(owner: HostId): boolean {
    if (!this.#accepts(owner)) return false
    if (this.#maps.get(owner) || this.#maps.size < OWNERS_MAX) return true
    this.counts.full++
    return false
  }

  /** One clock that is far ahead must not pull all others along. */
  #believes(stamp: bigint, owner: HostId): boolean {
    if (this.#clock.observe(hlcFromBigint(stamp))) return true
    const { tooFarAhead } = this.counts
    if (tooFarAhead.has(owner) || tooFarAhead.size < NAMED_MAX) {
      tooFarAhead.set(owner, (tooFarAhead.get(owner) ?? 0) + 1)
    }
    return false
  }

  #hash(): bigint {
    const hash = new DigestHash()
    for (const owner of this.#maps.owners) hash.add(owner, this.#maps.version(owner))
    return BigInt.asUintN(64, hash.value + this.#registersHash())
  }

  #registersHash(): bigint {
    const hash = new DigestHash()
    for (const [key, { edit, stamp, host }] of this.#registers.entries) hash.add(`${key} ${edit} ${host}`, stamp)
    return hash.value
  }

  #send(to: HostId, message: Message): void {
    this.#output.messages.push({ to, bytes: encodeMessage(message) })
  }
}

function sample<T>(list: readonly T[], count: number, random: Random): T[] {
  const left = [...list]
  const some: T[] = []
  while (some.length < count && left.length > 0) some.push(...left.splice(random.below(left.length), 1))
  return some
}

const minimum = (a: bigint, b: bigint): bigint => (a < b ? a : b)

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
