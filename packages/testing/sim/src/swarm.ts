/**
 * Swarm testing: a run with every fault at once explores less than many runs with a few each, because faults hide each
 * other (a cluster that is always partitioned never changes members). So each seed draws its own subset of faults, its
 * cluster size, and thresholds small enough that the rare paths are common.
 */
import type { RaftOptions } from '@base-kv/raft'
import { faults, type Fault } from './faults.ts'
import type { Prng } from './prng.ts'

export interface Swarm {
  readonly stores: number
  /** The first `voters` stores begin as voters, the next `learners` as learners; the others hold nothing. */
  readonly voters: number
  readonly learners: number
  readonly raft: RaftOptions
  readonly tickMs: number
  readonly faults: ReadonlySet<Fault>
  /** Faults of the same kind come about this far apart. */
  readonly faultGapMs: number
  /** How long the faulty phase lasts. */
  readonly faultyMs: number
  readonly latencyMs: number
  readonly lossShare: number
  readonly duplicateShare: number
  readonly delayShare: number
  readonly syncMs: number
  /** How long a shell may take from an input to its turn. */
  readonly turnDelayMs: number
  /** Chance that a shell does something else between two effects of one turn. */
  readonly yieldShare: number
  /** Send before the write is submitted, or after. */
  readonly sendFirst: boolean
  readonly applyDelayMs: number
  readonly applyChunk: number
  readonly flushEveryMs: number
  /** Entries applied and flushed before the log is cut. */
  readonly compactEvery: number
  /** Entries kept behind the cut. */
  readonly keepEntries: number
  /** Clock rates lie in [1 - drift, 1 + drift]. */
  readonly drift: number
  readonly writeGapMs: number
  readonly readGapMs: number
  /** Now and then nobody wants anything for a while. */
  readonly idleSpells: boolean
  readonly valueBytesMax: number
  /** Report every durable write, or only the newest of a group. */
  readonly reportEach: boolean
  /** Joins and leaves only by one learner at a time, or any target set. */
  readonly wildMembers: boolean
}

export function drawSwarm(prng: Prng): Swarm {
  const enabled = new Set<Fault>()
  const density = prng.pick([0.2, 0.4, 0.6, 0.8])
  for (const fault of faults) if (prng.chance(density)) enabled.add(fault)
  if (!enabled.has('members') && prng.chance(0.3)) enabled.add('members')

  const electionTimeoutMs = prng.pick([60, 150, 300, 500])
  const heartbeatIntervalMs = Math.max(5, Math.floor(electionTimeoutMs / prng.pick([2.5, 3, 5, 8])))
  const lease = enabled.has('leaseReads')
  // A lease of share s is safe while s x (1 + drift) / (1 - drift) < 1: with the default 0.8 that is 11 %.
  const driftMax = lease ? 0.1 : 0.2
  const drift = enabled.has('drift') ? prng.between(0.02, driftMax) : 0
  const stores = prng.pick([3, 3, 3, 4, 5, 5, 5, 6, 7])
  const voters = prng.chance(0.6) ? (stores % 2 === 0 ? stores - 1 : stores) : prng.integer(1, stores)
  const tiny = prng.chance(0.5)
  // Short timeouts want a fast machine: latencies stay well below them, and apply keeps up with the writers.
  const pace = Math.min(1, electionTimeoutMs / 150)
  const writeGapMs = electionTimeoutMs / prng.pick([4, 10, 25])
  return {
    stores,
    voters,
    learners: prng.chance(0.3) ? stores - voters : 0,
    raft: {
      electionTimeoutMs,
      heartbeatIntervalMs,
      appendBytesMax: tiny ? prng.pick([1, 64, 200]) : 65_536,
      inflightAppendsMax: tiny ? prng.pick([1, 2, 3]) : prng.pick([4, 64]),
      inflightBytesMax: tiny ? prng.pick([100, 500]) : 1_048_576,
      uncommittedBytesMax: tiny ? prng.pick([200, 1000]) : 4_194_304,
      applyBytesMax: tiny ? prng.pick([1, 100, 500]) : 1_048_576,
      cacheBytesMax: prng.pick([0, 300, 8_388_608]),
      lease,
      leaseShare: 0.8,
      hibernate: enabled.has('hibernation'),
    },
    tickMs: Math.max(2, Math.min(50, heartbeatIntervalMs / prng.pick([1, 2, 3]))),
    faults: enabled,
    faultGapMs: electionTimeoutMs * prng.pick([4, 8, 16]),
    faultyMs: electionTimeoutMs * prng.pick([30, 60, 120]),
    latencyMs: prng.pick([0.2, 1, 3]) * pace,
    lossShare: enabled.has('loss') ? prng.pick([0.01, 0.05, 0.2]) : 0,
    duplicateShare: enabled.has('duplicate') || enabled.has('replay') ? prng.pick([0.02, 0.1, 0.3]) : 0,
    delayShare: enabled.has('delay') ? prng.pick([0.01, 0.05, 0.2]) : 0,
    syncMs: prng.pick([0.1, 1, 5]) * pace,
    turnDelayMs: prng.pick([0, 0, 0.1, 2]) * pace,
    yieldShare: prng.pick([0, 0.05, 0.3]),
    sendFirst: prng.chance(0.5),
    applyDelayMs: writeGapMs * prng.pick([0, 0.05, 0.3]),
    applyChunk: prng.pick([1, 3, 100]),
    flushEveryMs: prng.pick([5, 20, 100]),
    compactEvery: enabled.has('compaction') ? prng.pick([1, 5, 10, 30]) : 1_000_000,
    keepEntries: prng.pick([0, 0, 2, 10]),
    drift,
    writeGapMs,
    readGapMs: electionTimeoutMs / prng.pick([2, 5, 10]),
    idleSpells: prng.chance(enabled.has('hibernation') || lease ? 0.7 : 0.2),
    valueBytesMax: prng.pick([8, 40, 150]),
    reportEach: prng.chance(0.5),
    wildMembers: prng.chance(0.7),
  }
}
