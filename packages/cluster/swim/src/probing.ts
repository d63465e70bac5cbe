/**
 * Probes under way. One goes to a member directly; when it is not answered in time it is repeated through others and,
 * beside them, over the reliable channel. A member is suspected only when none of these ways answered: a lost packet alone
 * harms nobody.
 */
import type { HostId, Random } from '@base-kv/base'
import type { SwimCounts } from './counts.ts'
import type { LocalHealth } from './local-health.ts'
import type { Member } from './member.ts'
import type { SwimTiming } from './options.ts'
import { sample } from './probe-order.ts'
import type { Body } from './wire.ts'

/** Probes made for others at a time; beyond it requests are dropped, the asker has other helpers. */
const RELAYS_MAX = 256

export interface ProbingDeps {
  readonly random: Random
  readonly health: LocalHealth
  readonly counts: SwimCounts
  nowMs(): number
  live(): Member[]
  send(to: string, body: Body): void
  /** Asks over the reliable channel who is at the address. */
  askReliably(seq: number, address: string, timeoutMs: number): void
  failed(host: HostId): void
  /** Another process answers at its address. */
  gone(host: HostId): void
}

interface Probe {
  readonly target: Member
  readonly repeatMs: number
  readonly deadlineMs: number
  readonly helpers: Set<HostId>
  // Whether it was repeated through others and over the reliable channel.
  repeated: boolean
  nacks: number
  // A dead member is only looked after: no answer changes nothing.
  readonly redial: boolean
}

interface Relay {
  readonly seq: number
  readonly asker: string
  readonly target: HostId
  readonly deadlineMs: number
}

export class Probing {
  readonly #timing: SwimTiming
  readonly #deps: ProbingDeps
  readonly #probes = new Map<number, Probe>()
  readonly #relays = new Map<number, Relay>()
  #seq: number

  constructor(timing: SwimTiming, deps: ProbingDeps) {
    this.#timing = timing
    this.#deps = deps
    this.#seq = deps.random.below(0x1_0000_0000)
  }

  start(target: Member, redial = false): void {
    const { counts, health, send } = this.#deps
    const seq = this.#nextSeq()
    const patience = health.multiplier
    const repeatMs = this.#deps.nowMs() + this.#timing.probeTimeoutMs * patience
    this.#probes.set(seq, {
      target,
      repeatMs,
      deadlineMs: repeatMs + this.#timing.fallbackTimeoutMs * patience,
      helpers: new Set(),
      repeated: false,
      nacks: 0,
      redial,
    })
    if (!redial) counts.probes++
    send(target.address, { kind: 'ping', seq, target: target.host })
  }

  tick(): void {
    const now = this.#deps.nowMs()
    for (const [seq, probe] of this.#probes) {
      if (now >= probe.deadlineMs) this.#fail(seq, probe)
      else if (!probe.redial && !probe.repeated && now >= probe.repeatMs) this.#repeat(seq, probe)
    }
    for (const [seq, relay] of this.#relays) {
      if (now < relay.deadlineMs) continue
      this.#relays.delete(seq)
      this.#deps.send(relay.asker, { kind: 'nack', seq: relay.seq })
    }
  }

  // ---- what arrives ----------------------------------------------------------------------------------------------------

  /** Somebody asks this node to probe for it. */
  relay(asker: string, seq: number, target: { readonly host: HostId; readonly address: string }): void {
    if (this.#relays.size >= RELAYS_MAX) return
    const own = this.#nextSeq()
    // Half of what the asker waits: the answer, also a negative one, must be back in time.
    const deadlineMs = this.#deps.nowMs() + this.#timing.fallbackTimeoutMs / 2
    this.#relays.set(own, { seq, asker, target: target.host, deadlineMs })
    this.#deps.send(target.address, { kind: 'ping', seq: own, target: target.host })
  }

  acked(seq: number, from: HostId): void {
    const relay = this.#relays.get(seq)
    if (relay?.target === from) {
      this.#relays.delete(seq)
      this.#deps.send(relay.asker, { kind: 'ack', seq: relay.seq })
      return
    }
    const probe = this.#probes.get(seq)
    if (!probe || (probe.target.host !== from && !probe.helpers.has(from))) return
    this.#probes.delete(seq)
    this.#deps.health.change(-1)
  }

  nacked(seq: number, from: HostId): void {
    const probe = this.#probes.get(seq)
    if (probe?.helpers.has(from)) probe.nacks++
  }

  /** @param target of whom the answering process says that it is not there */
  answeredByOther(seq: number, from: HostId, target: HostId): void {
    const relay = this.#relays.get(seq)
    if (relay?.target === target) {
      this.#relays.delete(seq)
      this.#deps.send(relay.asker, { kind: 'gone', seq: relay.seq, target })
      return
    }
    const probe = this.#probes.get(seq)
    if (probe?.target.host !== target || from === target) return
    this.#probes.delete(seq)
    this.#deps.gone(target)
  }

  /** @param host who answered over the reliable channel; null when nobody did */
  probed(seq: number, host: HostId | null): void {
    const probe = this.#probes.get(seq)
    if (!probe || host === null) return
    if (host !== probe.target.host) return this.answeredByOther(seq, host, probe.target.host)
    this.#deps.counts.fallbackOnly++
    this.#probes.delete(seq)
  }

  /** The process stood still: what seems unanswered may lie unread. */
  forgetAll(): void {
    this.#probes.clear()
    this.#relays.clear()
  }

  // ---- inside ------------------------------------------------------------------------------------------------------------

  #repeat(seq: number, probe: Probe): void {
    probe.repeated = true
    const { target } = probe
    const others = this.#deps.live().filter(({ host, state }) => host !== target.host && state === 'alive')
    for (const helper of sample(others, this.#timing.indirectProbes, this.#deps.random)) {
      probe.helpers.add(helper.host)
      this.#deps.send(helper.address, { kind: 'pingReq', seq, target: target.host, address: target.address })
    }
    this.#deps.askReliably(seq, target.address, probe.deadlineMs - probe.repeatMs)
  }

  #fail(seq: number, probe: Probe): void {
    this.#probes.delete(seq)
    if (probe.redial) return
    const { counts, failed, health } = this.#deps
    counts.probesFailed++
    // Helpers that say nothing at all may mean that it is this process that hears nothing. That a suspect is silent again
    // says nothing new.
    if (probe.target.state === 'alive') health.change(probe.helpers.size > 0 ? probe.helpers.size - probe.nacks : 1)
    failed(probe.target.host)
  }

  #nextSeq(): number {
    this.#seq = (this.#seq + 1) >>> 0
    return this.#seq
  }
}
