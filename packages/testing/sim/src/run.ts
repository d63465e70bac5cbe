/**
 * One seed, one run: a cluster under the faults that the seed draws, watched at every step; then peace, and progress is
 * demanded. Everything is decided by the seed, so that a run can be had again.
 */
import { AssertionError } from '@base-kv/base'
import type { Config, HardState, Member, SnapshotMeta } from '@base-kv/raft'
import { Observer } from './checkers/observer.ts'
import { Progress } from './checkers/progress.ts'
import { Violation } from './checkers/violation.ts'
import { Clients } from './clients.ts'
import { Disk } from './disk.ts'
import { EventHeap } from './event-heap.ts'
import { Coverage } from './faults.ts'
import { LocalClock } from './local-clock.ts'
import { LogImage } from './log-image.ts'
import { Nemesis } from './nemesis.ts'
import { Network } from './network.ts'
import { Node } from './node.ts'
import { Prng } from './prng.ts'
import { Registers } from './registers.ts'
import { stores } from './stores.ts'
import { drawSwarm, type Swarm } from './swarm.ts'
import { Trace } from './trace.ts'
import { where } from './where.ts'
import type { Payload, World } from './world.ts'

export interface SeedResult {
  readonly seed: number
  readonly violation: { readonly checker: string; readonly message: string; readonly atMs: number } | null
  /** Of the whole trace; equal for equal seeds, or something outside of the seed had a say. */
  readonly hash: string
  readonly events: number
  readonly simulatedMs: number
  /** From the end of the faults to full health, in election timeouts. */
  readonly recoveryTimeouts: number
  readonly committed: number
  readonly acknowledged: number
  readonly elections: number
  readonly coverage: Coverage['counts']
}

/** Where every group of the simulator begins: an applied state at index 1, as a bootstrap leaves it. */
const base = { index: 1, term: 1 }

/** Health must be back after this many election timeouts. */
const recoveryTimeoutsMax = 60
const eventsMax = 3_000_000

/** @param write gets the trace, line by line. */
export function runSeed(seed: number, write: ((line: string) => void) | null = null): SeedResult {
  const prng = new Prng(seed)
  const swarm = drawSwarm(prng.fork())
  const heap = new EventHeap()
  const trace = new Trace(heap, write)
  const coverage = new Coverage()
  const disks: Disk[] = []
  const observer = new Observer(base.index, disks)
  const nodes: Node[] = []
  const network = new Network<Payload>(swarm, {
    prng: prng.fork(),
    after: (delayMs, run) => heap.after(delayMs, run),
    worldNowMs: () => heap.now,
    coverage,
    deliver: (to, payload) => nodes[to]?.receive(payload),
  })
  const world: World = {
    swarm,
    heap,
    trace,
    coverage,
    observer,
    disks,
    network,
    prng: prng.fork(),
    calm: false,
    noticed: () => {},
    quietUntilMs: 0,
    pullCount: 0,
    transferTo: null,
  }
  const nemesis = new Nemesis(world, nodes, prng.fork())
  const clients = new Clients(world, nodes, prng.fork())
  world.noticed = (what, number) => clients.noticed(what, number)
  let violation: SeedResult['violation'] = null
  let recoveryTimeouts = 0
  const result = (): SeedResult => ({
    seed,
    violation,
    hash: trace.hash,
    events: heap.count,
    simulatedMs: heap.now,
    recoveryTimeouts,
    committed: observer.committed.last,
    acknowledged: observer.reads.acknowledged.length,
    elections: observer.elections.count,
    coverage: coverage.counts,
  })
  if (write) write(describe(seed, swarm))
  try {
    for (let number = 0; number < swarm.stores; number++) nodes.push(makeNode(world, number, disks, nemesis, prng))
    bootstrap(swarm, disks)
    for (const node of nodes) node.start()
    if (swarm.raft.lease) coverage.add('leaseReads')
    if (swarm.raft.hibernate) coverage.add('hibernation')
    nemesis.begin()
    clients.begin()
    while (heap.runNext(swarm.faultyMs)) {
      if (heap.count > eventsMax) throw new Violation('runaway', `${eventsMax} events and no end`)
    }
    trace.add('calm')
    nemesis.stop()
    clients.stop()
    recoveryTimeouts = recover(world, nodes, clients)
    for (const node of nodes) if (node.replica) observer.reads.keptIn(node.number, node.replica.registers)
    coverage.add('election', observer.elections.count)
  } catch (thrown) {
    violation = explain(thrown, heap.now)
    trace.add('violation', violation.checker, violation.message)
  }
  return result()
}

function recover(world: World, nodes: readonly Node[], clients: Clients): number {
  const { heap, swarm } = world
  const progress = new Progress(world, nodes, clients)
  const begunMs = heap.now
  const stepMs = swarm.raft.electionTimeoutMs / 4
  for (;;) {
    const missing = progress.missing()
    const timeouts = (heap.now - begunMs) / swarm.raft.electionTimeoutMs
    if (missing === null) return timeouts
    if (timeouts > recoveryTimeoutsMax) progress.fail(missing)
    const untilMs = heap.now + stepMs
    while (heap.runNext(untilMs))
      if (heap.count > eventsMax) throw new Violation('runaway', `${eventsMax} events and no end`)
  }
}

function makeNode(world: World, number: number, disks: Disk[], nemesis: Nemesis, prng: Prng): Node {
  const { heap, swarm, coverage } = world
  const rate = prng.between(1 - swarm.drift, 1 + swarm.drift)
  const clock = new LocalClock(heap, rate, prng.between(0, 1_000_000))
  const disk = new Disk(swarm.syncMs, {
    prng: prng.fork(),
    after: (delayMs, run) => heap.after(delayMs, run),
    worldNowMs: () => heap.now,
    localNowMs: () => clock.nowMs,
    coverage,
    failed: () => node.crash('disk error'),
  })
  disks.push(disk)
  const node = new Node(world, number, { disk, clock, crashed: (crashed) => nemesis.restartLater(crashed) })
  return node
}

/** The first members hold the same empty state; the other stores hold nothing. */
function bootstrap(swarm: Swarm, disks: readonly Disk[]): void {
  const members = stores.slice(0, swarm.stores).map((store) => ({ store, replica: base.index }) as Member)
  const config: Config = {
    voters: members.slice(0, swarm.voters),
    learners: members.slice(swarm.voters, swarm.voters + swarm.learners),
    nextVoters: [],
    nextLearners: [],
  }
  const snapshot = { ...base, config } as unknown as SnapshotMeta
  for (const [number, disk] of disks.entries()) {
    const self = members[number]
    if (!self || number >= swarm.voters + swarm.learners) continue
    disk.replica = {
      self,
      hardState: { term: base.term, vote: null, commit: base.index } as unknown as HardState,
      log: new LogImage(snapshot),
      intent: null,
    }
    disk.data = { self, registers: new Registers(snapshot) }
  }
}

function explain(thrown: unknown, atMs: number): NonNullable<SeedResult['violation']> {
  if (thrown instanceof Violation) return { checker: thrown.checker, message: thrown.message, atMs }
  if (thrown instanceof AssertionError)
    return { checker: 'assertion', message: `${thrown.message}${where(thrown)}`, atMs }
  if (thrown instanceof Error) return { checker: 'exception', message: `${thrown.message}${where(thrown)}`, atMs }
  return { checker: 'exception', message: String(thrown), atMs }
}

function describe(seed: number, swarm: Swarm): string {
  const { faults, ...rest } = swarm
  return `seed ${seed} faults ${[...faults].join(',')} ${JSON.stringify(rest)}`
}
