/** Reads of one replica: which of them may be asked here, when their state is fresh enough, and their answers. */
import { KvError, type Log, type RangeId } from '@base-kv/base'
import type { RaftMachine, Ready } from '@base-kv/raft'
import type { ReadConsistency } from './range-deps.ts'
import { Reads, type ReadTurn } from './reads.ts'
import * as refuse from './refusals.ts'
import { othersDecide } from './repair.ts'
import type { StateMachine } from './state-machine.ts'

/** What it needs of the range. */
export interface ReadPathHost {
  readonly raft: RaftMachine
  readonly machine: StateMachine
  readonly log: Log
  nowMs(): number
  schedule(): void
  /** Why this replica answers nothing any more; null while it does. */
  closed(): KvError | null
  /** Milliseconds since a leader was heard. */
  leaderlessMs(): number
  damaged(reason: string): void
}

export class ReadPath {
  readonly #range: RangeId
  readonly #aliveMs: number
  readonly #host: ReadPathHost
  readonly #reads = new Reads()

  /** `aliveMs`: a member that answered within it counts as alive. */
  constructor({ range, aliveMs }: { readonly range: RangeId; readonly aliveMs: number }, host: ReadPathHost) {
    this.#range = range
    this.#aliveMs = aliveMs
    this.#host = host
  }

  get hasCollected(): boolean {
    return this.#reads.hasCollected
  }

  read(consistency: ReadConsistency, turn: ReadTurn): void {
    const { raft, machine, nowMs, schedule } = this.#host
    const refusal = this.#refusal(consistency)
    if (refusal) {
      turn(refusal)
      return
    }
    if (consistency === 'stale') {
      turn(null)
      return
    }
    if (consistency === 'lease') {
      const index = raft.leaseReadIndex(nowMs())
      if (index !== null) {
        if (machine.applied >= index) turn(null)
        else this.#reads.collectConfirmed(index, turn)
        return
      }
    }
    this.#reads.collect(turn)
    schedule()
  }

  query(kind: number, body: Uint8Array): Uint8Array | Promise<Uint8Array> {
    const { service } = this.#host.machine
    try {
      const answer = service.query(kind, body)
      return answer instanceof Promise ? answer.catch((thrown: unknown) => this.failed(thrown)) : answer
    } catch (thrown) {
      return this.failed(thrown)
    }
  }

  /** Asks for one round for all that arrived since the last one. */
  ask(nowMs: number): void {
    const turns = this.#reads.take()
    const result = this.#host.raft.readIndex(nowMs)
    if (result.ok) this.#reads.asked(result.request, turns)
    else this.#reads.refuse(turns, result.reason === 'notLeader' ? this.#notLeader() : refuse.readsFull())
  }

  take({ reads, readsAborted }: Ready): void {
    for (const { request, index } of reads) this.#reads.confirmed(request, index)
    if (readsAborted.length > 0) {
      const error = refuse.readAborted()
      for (const request of readsAborted) this.#reads.abort(request, error)
    }
    this.serve()
  }

  /** Runs what the applied state makes fresh enough. */
  serve(): void {
    this.#reads.serve(this.#host.machine.applied, this.#frozen)
  }

  close(error: KvError): void {
    this.#reads.close(error)
  }

  /** A replica with damaged bytes is replaced, if the others can go on without it. @throws what it was given */
  failed(thrown: unknown): never {
    const { raft, log, nowMs, closed, damaged, leaderlessMs } = this.#host
    if (thrown instanceof KvError && thrown.code === 'Corrupt' && !closed()) {
      const othersGoOn =
        raft.role === 'leader'
          ? othersDecide(raft.status(nowMs()), this.#aliveMs)
          : raft.leader !== null && leaderlessMs() < this.#aliveMs
      if (othersGoOn) damaged(thrown.message)
      else log.error('stored bytes are damaged', { range: this.#range, error: thrown.message })
    }
    throw thrown
  }

  #refusal(consistency: ReadConsistency): KvError | null {
    const { raft, machine, closed } = this.#host
    const ended = closed()
    if (ended) return ended
    if (!machine.state) return refuse.noData(this.#range)
    if (consistency !== 'stale' && raft.role !== 'leader') return this.#notLeader()
    if (!machine.state.confirmed) return refuse.notConfirmed()
    return consistency === 'stale' ? null : this.#frozen
  }

  /** Its keys may be served by the range that takes it over already. */
  get #frozen(): KvError | null {
    return this.#host.machine.state?.state === 'WaitingForMerge' ? refuse.frozen(this.#range) : null
  }

  #notLeader(): KvError {
    return refuse.notLeader(this.#range, this.#host.raft.leader?.store ?? null)
  }
}
