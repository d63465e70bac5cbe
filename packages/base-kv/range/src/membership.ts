/** Changes of who holds the range, from the leader's side: those that somebody asks for, and repair. One at a time. */
import { KvError, type Log, type LogIndex, type RangeId, type StoreId } from '@base-kv/base'
import { type Config, emptyConfig, type Member, type RaftMachine, type RaftStatus } from '@base-kv/raft'
import { RangeCommand } from './command-batch.ts'
import { configMembers } from './descriptor.ts'
import type { Done } from './proposals.ts'
import type { ReplicatedState } from './range-state.ts'
import type { ReadTurn } from './reads.ts'
import * as refuse from './refusals.ts'
import { encodeRepair, type PendingRepair, type RepairStep, RepairWatch } from './repair.ts'
import { changeReplicas, PATIENCE_MS, type ReplicaTarget } from './replica-change.ts'

/** What it needs of the range. */
export interface MembershipHost {
  readonly raft: RaftMachine
  readonly log: Log
  readonly self: Member
  nowMs(): number
  /** As applied; null: uninitialised. */
  state(): ReplicatedState | null
  /** Replicates a command of the range's own. */
  propose(kind: number, body: Uint8Array, done: Done): void
  schedule(): void
  transferLeader(target: StoreId): void
  nextTurn(): Promise<void>
  /** Whether a merge is under way: the members stay as they are. */
  merging(): boolean
  /** How far the log is applied: what is not may begin a merge. */
  applied(): LogIndex
  /** Calls `turn` without an error once a majority has confirmed that this is the leader. */
  confirm(turn: ReadTurn): void
}

/** Repair waits less long for a store that is down: meanwhile nobody else could change the members. */
const REPAIR_SILENCE_MS = 15_000

/** A leader on a nearly full disk tries to hand over this often. */
const MOVE_AWAY_MS = 60_000

export class Membership {
  readonly #range: RangeId
  readonly #aliveMs: number
  readonly #host: MembershipHost
  readonly #repairs = new RepairWatch()
  #underWay = false
  // The members of a configuration, listed once: peers' messages ask for them all the time.
  #listed: { readonly config: Config; readonly members: readonly Member[] } = { config: emptyConfig, members: [] }
  #moveAwayMs = Number.NEGATIVE_INFINITY

  /** `aliveMs`: a member that answered within it counts as alive. */
  constructor({ range, aliveMs }: { readonly range: RangeId; readonly aliveMs: number }, host: MembershipHost) {
    this.#range = range
    this.#aliveMs = aliveMs
    this.#host = host
  }

  /** Resolves when the target configuration is committed. @throws KvError */
  async change(target: ReplicaTarget): Promise<void> {
    await this.#change(target)
    const pending = this.#pending
    // Whoever names the members himself decides about that one too.
    if (pending && ![...target.voters, ...target.learners].includes(pending.store)) this.#remember(null, () => {})
  }

  /** Runs another change of the range, so that none of the members begins meanwhile. @throws KvError TryLater */
  async alone<T>(change: () => Promise<T>): Promise<T> {
    if (this.#underWay) throw refuse.changeUnderWay()
    this.#underWay = true
    try {
      return await change()
    } finally {
      this.#underWay = false
    }
  }

  /** Whether a change or a step of a repair has begun and not ended. */
  get underWay(): boolean {
    return this.#underWay
  }

  /** Nothing will be done without a new reason. */
  get idle(): boolean {
    return !this.#underWay && this.#repairs.idle
  }

  /** Everybody in the newest configuration known here. */
  get members(): readonly Member[] {
    const { config } = this.#host.raft
    if (config !== this.#listed.config) this.#listed = { config, members: configMembers(config) }
    return this.#listed.members
  }

  /**
   * Calls `answer` when it is certain, by a majority's word, that `member` is not in the group and never will be; says
   * nothing otherwise. Leader only.
   */
  confirmDismissed(member: Member, answer: () => void): void {
    if (this.#mayBeIn(member)) return
    this.#host.confirm((error) => {
      // A replica hears of its group only once the entry that added it is committed, and that is applied here by now.
      if (!error && !this.#mayBeIn(member)) answer()
    })
  }

  /** Whether that replica, or an older one of its store (one that is damaged may not know its own id), may be a member. */
  #mayBeIn({ store, replica }: Member): boolean {
    const applied = configMembers(this.#host.state()?.config ?? emptyConfig)
    return [...this.members, ...applied].some((one) => one.store === store && one.replica <= replica)
  }

  /** False when nobody can take over. */
  handOver(): boolean {
    const { raft, self, nowMs, schedule } = this.#host
    const heirs = this.#status()
      .progress.filter((peer) => peer.voter && peer.member.store !== self.store)
      .sort((a, b) => b.match - a.match || a.silentMs - b.silentMs)
    const began = heirs.some((heir) => raft.transferLeader(nowMs(), heir.member.store).ok)
    if (began) schedule()
    return began
  }

  /** The disk is nearly full here; nobody knows about the others', so leadership must not go round for ever. */
  moveAway(nowMs: number): void {
    if (nowMs < this.#moveAwayMs) return
    this.#moveAwayMs = nowMs + MOVE_AWAY_MS
    if (this.handOver()) this.#host.log.warn('hands over: the disk is nearly full', { range: this.#range })
  }

  heardGone(member: Member): void {
    this.#repairs.heardGone(member)
  }

  /** Takes the next step of a repair, if one is due. Leader only. */
  repair(nowMs: number): void {
    const pending = this.#pending
    if (this.#underWay || (this.#repairs.idle && !pending) || this.#host.merging()) return
    const step = this.#repairs.step(this.#status(), pending, nowMs, this.#aliveMs)
    if (step) void this.#carryOut(step)
  }

  async #carryOut(step: RepairStep): Promise<void> {
    const { log } = this.#host
    if (step.kind === 'remember' || step.kind === 'forget') {
      const { store } = step.repair
      if (step.kind === 'remember') log.warn('a replica is gone for good: replaces it', { range: this.#range, store })
      else log.info('a replica is replaced', { range: this.#range, store })
      this.#underWay = true
      this.#remember(step.kind === 'remember' ? step.repair : null, () => {
        this.#underWay = false
      })
      if (step.kind === 'forget') this.#repairs.pause(this.#host.nowMs())
      return
    }
    const { store } = step.repair
    try {
      await this.#change(targetOf(step, this.#status()), REPAIR_SILENCE_MS)
    } catch (thrown) {
      if (!(thrown instanceof KvError)) throw thrown
      log.warn('could not replace a replica yet', { range: this.#range, store, error: thrown.message })
      this.#repairs.pause(this.#host.nowMs())
    }
  }

  async #change(target: ReplicaTarget, silenceMs = PATIENCE_MS): Promise<void> {
    const { raft, nowMs, schedule, transferLeader, nextTurn, merging, applied } = this.#host
    if (raft.role !== 'leader') throw refuse.notLeader(this.#range, raft.leader?.store ?? null)
    if (merging()) throw refuse.changeUnderWay()
    await this.alone(() =>
      changeReplicas(
        {
          status: () => this.#status(),
          changeMembers: (next) => {
            if (merging()) return { ok: false, reason: 'changeUnderWay' }
            if (applied() < raft.commit) return { ok: false, reason: 'termNotCommitted' }
            const result = raft.changeMembers(nowMs(), next)
            schedule()
            return result
          },
          transferLeader,
          isGone: (member) => this.#repairs.isGone(member),
          silenceMs,
          nextTurn,
          nowMs,
        },
        target,
      ),
    )
  }

  get #pending(): PendingRepair | null {
    return this.#host.state()?.repair ?? null
  }

  #status(): RaftStatus {
    return this.#host.raft.status(this.#host.nowMs())
  }

  #remember(repair: PendingRepair | null, done: Done): void {
    this.#host.propose(RangeCommand.repair, encodeRepair(repair), done)
  }
}

function targetOf(step: RepairStep, { config }: RaftStatus): ReplicaTarget {
  const { store, voter } = step.repair
  const others = (members: readonly Member[]) => members.map((one) => one.store).filter((one) => one !== store)
  const [voters, learners] = [others(config.voters), others(config.learners)]
  if (step.kind === 'remove') return { voters, learners }
  return voter ? { voters: [...voters, store], learners } : { voters, learners: [...learners, store] }
}
