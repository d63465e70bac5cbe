/** The parts of one replica, and whom each of them asks. */
import type { KvError, StoreId } from '@base-kv/base'
import { createRaft, type RaftMachine } from '@base-kv/raft'
import type { FoundRange } from '@base-kv/storage'
import { Applier } from './applier.ts'
import { RangeCommand } from './command-batch.ts'
import { Leadership } from './leadership.ts'
import { Membership } from './membership.ts'
import { Merging } from './merging.ts'
import { type Done, Proposals } from './proposals.ts'
import type { RangeDeps, RangeOptions } from './range-deps.ts'
import type { Range } from './range.ts'
import { ReadPath } from './read-path.ts'
import * as refuse from './refusals.ts'
import { SnapshotIn } from './snapshot-in.ts'
import { SnapshotsOut } from './snapshots-out.ts'
import { StateMachine } from './state-machine.ts'
import { Turn } from './turn.ts'
import { TurnWaiters } from './turn-waiters.ts'

const NOTHING = new Uint8Array(0)

export interface RangeParts {
  readonly raft: RaftMachine
  readonly machine: StateMachine
  readonly proposals: Proposals
  readonly reads: ReadPath
  readonly leadership: Leadership
  readonly snapshotsOut: SnapshotsOut
  readonly snapshotIn: SnapshotIn
  readonly membership: Membership
  readonly merging: Merging
  readonly turn: Turn
  readonly turnWaiters: TurnWaiters
  /** @throws KvError why not */
  transferLeader(target: StoreId): void
  /** Replicates a command of the range's own. */
  proposeOwn(kind: number, body: Uint8Array, done?: Done): void
}

/**
 * @param closed why the replica does nothing any more; null while it does
 * @throws KvError Corrupt when what the log holds does not read
 */
export function wireParts(
  range: Range,
  closed: () => KvError | null,
  found: FoundRange,
  options: RangeOptions,
  deps: RangeDeps,
): RangeParts {
  const proposals = new Proposals()
  const snapshotsOut = new SnapshotsOut({ host: deps.host, nowMs: () => deps.clock.monotonicMs() })
  const turnWaiters = new TurnWaiters()
  const proposeOwn = (kind: number, body: Uint8Array, done: Done = () => {}) => {
    proposals.collect({ kind, body, stamp: null }, done)
    deps.schedule(range)
  }
  const machine = new StateMachine(found, {
    ...deps,
    changed: () => deps.changed(range),
    mergee: (right) => deps.mergee(right),
  })
  const log = deps.storage.log.reader(found.range)
  const applier = new Applier(
    { range: found.range, self: range.self },
    {
      machine,
      proposals,
      log,
      data: deps.storage.data,
      schedule: () => deps.schedule(range),
      ended: () => closed() !== null,
      roomForHalf: (half) => deps.roomForHalf(range, half),
      split: ({ right, half }) => deps.split(range, right, half),
      isLeader: () => range.isLeader,
      mergeeReady: (merge) => deps.mergeeReady(range, merge),
      absorbed: (right) => deps.absorbed(range, right),
      changed: () => deps.changed(range),
      removed: () => deps.removed(range),
      dismissed: (members) => {
        if (range.isLeader) for (const member of members) deps.dismissed(range, member)
      },
    },
  )
  const raft = createRaft(
    {
      self: range.self,
      hardState: found.hardState,
      snapshot: found.snapshot,
      lastIndex: found.lastIndex,
      applied: machine.applied,
    },
    options.raft,
    { log, random: deps.random },
  )
  const shared = {
    raft,
    log: deps.log,
    nowMs: () => deps.clock.monotonicMs(),
    schedule: () => deps.schedule(range),
  }
  const leadership = new Leadership(found.range, {
    ...shared,
    machine,
    proposals,
    confirmEpoch: () => proposeOwn(RangeCommand.confirmEpoch, NOTHING),
  })
  const identity = { range: found.range, aliveMs: options.raft.electionTimeoutMs }
  const reads = new ReadPath(identity, {
    ...shared,
    machine,
    closed,
    leaderlessMs: () => range.leaderlessMs,
    damaged: (reason) => deps.damaged(range, reason),
  })
  const snapshotIn = new SnapshotIn(found.range, {
    storage: deps.storage,
    log: deps.log,
    nowMs: () => deps.clock.monotonicMs(),
    pull: (from, request) => deps.pullSnapshot(range.id, from, request),
    takeOver: (arriving, install) => deps.takeOver(range, arriving, install),
    installed: (loaded) => turn.standOn(loaded),
    failed: () => raft.snapshotFailed(deps.clock.monotonicMs()),
    ended: () => deps.schedule(range),
  })
  const turn = new Turn(found.range, {
    ...shared,
    schedule: (when) => deps.schedule(range, when),
    machine,
    proposals,
    reads,
    applier,
    leadership,
    snapshotIn,
    storage: deps.storage,
    ended: () => closed() !== null,
    send: (messages) => deps.send(range.id, messages),
    changed: () => deps.changed(range),
    moved: () => deps.moved(range),
    damaged: (reason) => deps.damaged(range, reason),
  })
  const transferLeader = (target: StoreId): void => {
    const result = raft.transferLeader(deps.clock.monotonicMs(), target)
    deps.schedule(range)
    const refusal = refuse.transferRefusal(result, { range: range.id, leader: range.leader, target })
    if (refusal) throw refusal
  }
  const merging = new Merging(identity, {
    ...shared,
    state: () => machine.state,
    membersChange: () => membership.underWay,
    propose: proposeOwn,
    tell: (to, stores, message) => deps.tell(to, stores, message),
  })
  const membership = new Membership(identity, {
    ...shared,
    self: range.self,
    state: () => machine.state,
    propose: proposeOwn,
    merging: () => merging.underWay,
    applied: () => machine.applied,
    transferLeader,
    nextTurn: () => range.nextTurn(),
    confirm: (turn) => range.read('linearizable', turn),
  })
  return {
    raft,
    machine,
    proposals,
    reads,
    leadership,
    snapshotsOut,
    snapshotIn,
    membership,
    merging,
    transferLeader,
    turn,
    turnWaiters,
    proposeOwn,
  }
}
