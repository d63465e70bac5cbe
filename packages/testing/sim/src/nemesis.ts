import type { StoreId } from '@base-kv/base'
import type { Node } from './node.ts'
import type { Prng } from './prng.ts'
import { membersOf, storeNumber, stores } from './stores.ts'
import type { World } from './world.ts'

/** Does to the cluster what the seed's swarm allows, each kind of fault on a clock of its own, until it is stopped. */
export class Nemesis {
  private readonly world: World
  private readonly nodes: readonly Node[]
  private readonly prng: Prng
  private stopped = false

  constructor(world: World, nodes: readonly Node[], prng: Prng) {
    this.world = world
    this.nodes = nodes
    this.prng = prng
  }

  begin(): void {
    const { faults } = this.world.swarm
    const all: Record<string, () => void> = {
      isolate: () => this.isolate(),
      halves: () => this.halves(),
      oneWay: () => this.oneWay(),
      bridge: () => this.bridge(),
      clog: () => this.clog(),
      crash: () => this.crash(),
      crashBetweenEffects: () => this.crashBetweenEffects(),
      crashMany: () => this.crashMany(),
      diskError: () => (this.anyUp().disk.failNext = true),
      slowDisk: () => this.slowDisk(),
      hungDisk: () => this.hungDisk(),
      pause: () => this.pause(),
      drift: () => this.drift(),
      members: () => this.members(),
      transfer: () => this.transfer(),
      campaign: () => this.campaign(),
      stepDown: () => this.stepDown(),
      unreachable: () => this.unreachable(),
    }
    for (const [name, act] of Object.entries(all)) {
      const often = name === 'members' || name === 'transfer' ? 0.4 : 1
      if (faults.has(name as 'crash')) this.repeat(act, often * this.world.swarm.faultGapMs)
    }
  }

  /** Ends all faults, and undoes what they left behind. */
  stop(): void {
    const { world } = this
    this.stopped = true
    world.calm = true
    world.network.calm = true
    world.network.mendAll()
    for (const node of this.nodes) {
      node.disk.failNext = false
      node.disk.hungUntilMs = 0
      node.disk.syncMs = world.swarm.syncMs
      node.effectsUntilCrash = 0
      if (!node.up) node.start()
      node.resume()
    }
    this.wakeAll()
  }

  /** A connection to a peer's host broke or came back: groups shared with it must not sleep on. */
  wakeAll(): void {
    const { world } = this
    if (!world.swarm.raft.hibernate) return
    for (const node of this.nodes) {
      world.heap.after(this.prng.between(0, 1) * world.swarm.raft.electionTimeoutMs, () => {
        if (node.up && !node.paused) node.replica?.input((machine, nowMs) => machine.wake(nowMs))
      })
    }
  }

  /** A node crashed by itself or by us: somebody restarts it. */
  restartLater(node: Node): void {
    this.wakeAll()
    this.after(this.prng.pick([0.05, 0.5, 2, 6]), () => {
      if (node.up) return
      node.start()
      this.wakeAll()
    })
  }

  private get electionTimeoutMs(): number {
    return this.world.swarm.raft.electionTimeoutMs
  }

  /** In election timeouts. What was begun is also ended, unless all ended before. */
  private after(timeouts: number, run: () => void): void {
    this.world.heap.after(timeouts * this.prng.between(0.3, 1.2) * this.electionTimeoutMs, () => {
      if (!this.stopped) run()
    })
  }

  private repeat(act: () => void, gapMs: number): void {
    this.world.heap.after(this.prng.gap(gapMs), () => {
      if (this.stopped) return
      act()
      this.repeat(act, gapMs)
    })
  }

  private get leader(): Node | undefined {
    let best: Node | undefined
    for (const node of this.nodes) {
      const machine = node.replica?.machine
      if (machine?.role === 'leader' && machine.term > (best?.replica?.machine.term ?? -1)) best = node
    }
    return best
  }

  /** A running node, the leader more often than chance has it. */
  private anyUp(): Node {
    const { leader } = this
    if (leader && this.prng.chance(0.4)) return leader
    const up = this.nodes.filter((node) => node.up)
    return this.prng.pick(up.length > 0 ? up : this.nodes)
  }

  private count(name: Parameters<World['coverage']['add']>[0], ...words: (number | string)[]): void {
    this.world.coverage.add(name)
    this.world.trace.add('fault', name, ...words)
  }

  /** Cuts links [from, to] for a while. */
  private cut(links: readonly (readonly [number, number])[], timeouts = this.prng.pick([0.5, 2, 5])): void {
    const { network } = this.world
    for (const [from, to] of links) network.cut(from, to)
    this.wakeAll()
    this.after(timeouts, () => {
      for (const [from, to] of links) network.mend(from, to)
      this.wakeAll()
    })
  }

  private isolate(): void {
    const node = this.anyUp().number
    this.count('isolate', node)
    this.cut(
      this.nodes.flatMap(({ number }) =>
        number === node
          ? []
          : ([
              [node, number],
              [number, node],
            ] as const),
      ),
    )
  }

  private halves(): void {
    const side = this.nodes.map(() => this.prng.chance(0.5))
    this.count('halves', side.map(Number).join(''))
    this.cut(this.pairs().filter(([from, to]) => side[from] !== side[to]))
  }

  private oneWay(): void {
    const node = this.anyUp().number
    const deaf = this.prng.chance(0.5)
    const some = this.prng.chance(0.5)
    this.count('oneWay', node, deaf ? 'deaf' : 'mute')
    this.cut(this.pairs().filter(([from, to]) => (deaf ? to : from) === node && (!some || this.prng.chance(0.5))))
  }

  /** Partial partition: two sides that see each other only through one node; or a ring. */
  private bridge(): void {
    const order = this.prng.shuffled(this.nodes.map(({ number }) => number))
    if (this.prng.chance(0.4)) this.ring(order)
    else if (this.prng.chance(0.5)) this.coup(order)
    else this.sides(order)
  }

  private ring(order: readonly number[]): void {
    this.count('bridge', order.join(''), 'ring')
    const place = new Map(order.map((number, i) => [number, i]))
    const apart = (a: number, b: number): number => Math.abs((place.get(a) ?? 0) - (place.get(b) ?? 0))
    this.cut(this.pairs().filter(([a, b]) => apart(a, b) !== 1 && apart(a, b) !== order.length - 1))
  }

  /** Only the one in the middle of the order sees everybody. */
  private sides(order: readonly number[], timeouts?: number): void {
    this.count('bridge', order.join(''), 'sides')
    const middle = order.length >> 1
    const side = new Map(order.map((number, i) => [number, Math.sign(i - middle)]))
    this.cut(
      this.pairs().filter(([a, b]) => (side.get(a) ?? 0) * (side.get(b) ?? 0) < 0),
      timeouts,
    )
  }

  /**
   * The only one whom both sides hear forgets by a restart what it promised by its silence, and is asked for its vote at
   * once by the side without the leader, whose logs are as new as the leader's, as nobody writes.
   */
  private coup(order: readonly number[]): void {
    const { leader } = this
    if (!leader) return
    const placed = [leader.number, ...order.filter((number) => number !== leader.number)]
    const middle = placed.length >> 1
    const others = placed.slice(middle + 1)
    this.world.quietUntilMs = this.world.heap.now + 3 * this.electionTimeoutMs
    this.world.heap.after(0.2 * this.electionTimeoutMs, () => {
      if (this.stopped) return
      this.sides(placed, 3)
      this.world.heap.after(this.prng.between(1.1, 2.3) * this.electionTimeoutMs, () => {
        if (!this.stopped) this.restartQuickly(this.nodes[placed[middle] ?? 0], others)
      })
    })
  }

  /** Links that keep everything back for a while; or, worse, only what answers a leader that is then cut off. */
  private clog(): void {
    const { network, heap } = this.world
    const { leader, electionTimeoutMs } = this
    if (!leader || this.prng.chance(0.5)) {
      const links = this.pairs().filter(() => this.prng.chance(0.2))
      this.count('clog', links.length)
      for (const [from, to] of links) network.clog(from, to, heap.now + this.prng.between(0.2, 2) * electionTimeoutMs)
      return
    }
    this.count('clog', 'to', leader.number)
    const lateMs = this.prng.between(0.6, 1) * electionTimeoutMs
    for (const { number } of this.nodes) network.clog(number, leader.number, heap.now + lateMs)
    this.world.quietUntilMs = heap.now + 3 * electionTimeoutMs
    heap.after(this.prng.between(0.1, 0.5) * lateMs, () => {
      if (this.stopped) return
      this.cut(
        this.pairs().filter(([from]) => from === leader.number),
        2.5,
      )
      const others = this.nodes.filter((node) => node !== leader).map(({ number }) => number)
      heap.after(electionTimeoutMs * this.prng.between(1, 1.3), () => this.stand(others))
    })
  }

  private restartQuickly(node: Node | undefined, standing: readonly number[]): void {
    if (!node?.up) return
    this.count('crash', node.number)
    node.crash('quick restart')
    this.world.heap.after(this.prng.between(0, 0.1) * this.electionTimeoutMs, () => {
      if (this.stopped) return
      if (!node.up) node.start()
      this.stand(standing)
    })
  }

  private stand(numbers: readonly number[]): void {
    if (this.stopped) return
    for (const number of numbers) {
      this.nodes[number]?.request((replica) => replica.input((machine, nowMs) => machine.campaign(nowMs)))
    }
  }

  private pairs(): [number, number][] {
    const out: [number, number][] = []
    for (const a of this.nodes) for (const b of this.nodes) if (a !== b) out.push([a.number, b.number])
    return out
  }

  private crash(): void {
    const node = this.anyUp()
    if (!node.up) return
    this.count('crash', node.number)
    node.crash('kill')
  }

  private crashBetweenEffects(): void {
    const node = this.anyUp()
    node.effectsUntilCrash = this.prng.integer(1, 20)
  }

  private crashMany(): void {
    const up = this.prng.shuffled(this.nodes.filter((node) => node.up))
    const many = this.prng.chance(0.3) ? up.length : (up.length >> 1) + 1
    this.count('crashMany', many)
    for (const node of up.slice(0, many)) node.crash('kill many')
  }

  private slowDisk(): void {
    const { disk, number } = this.anyUp()
    this.count('slowDisk', number)
    disk.syncMs = this.prng.pick([0.05, 0.2, 0.6]) * this.electionTimeoutMs
    this.after(this.prng.pick([2, 6]), () => (disk.syncMs = this.world.swarm.syncMs))
  }

  private hungDisk(): void {
    const { disk, number } = this.anyUp()
    this.count('hungDisk', number)
    disk.hungUntilMs = this.world.heap.now + this.prng.between(0.5, 5) * this.electionTimeoutMs
  }

  private pause(): void {
    const node = this.anyUp()
    if (!node.up || node.paused) return
    this.count('pause', node.number)
    node.pause()
    this.after(this.prng.pick([0.3, 1, 3]), () => node.resume())
  }

  private drift(): void {
    const { drift } = this.world.swarm
    this.count('drift')
    this.anyUp().clock.setRate(this.prng.between(1 - drift, 1 + drift))
  }

  /** A leader by its own account, whether or not the others agree. */
  private anyLeader(): Node | undefined {
    const leaders = this.nodes.filter((node) => node.up && !node.paused && node.replica?.machine.role === 'leader')
    return leaders.length > 0 ? this.prng.pick(leaders) : undefined
  }

  private members(): void {
    const replica = this.anyLeader()?.replica
    if (!replica) return
    const { prng, world } = this
    const { config } = replica.log.configAt(replica.log.last)
    const all = stores.slice(0, this.nodes.length)
    let voters: StoreId[] = config.voters.map(({ store }) => store)
    let learners: StoreId[] = config.learners.map(({ store }) => store)
    if (world.swarm.wildMembers && prng.chance(0.6)) {
      const order = prng.shuffled(all)
      const count = prng.chance(0.3) ? prng.integer(1, all.length) : Math.max(1, all.length - prng.integer(0, 2))
      voters = order.slice(0, count)
      learners = order.slice(count).filter(() => prng.chance(0.4))
    } else {
      const store = prng.pick(all)
      const wasVoter = voters.includes(store)
      const wasLearner = learners.includes(store)
      voters = voters.filter((other) => other !== store)
      learners = learners.filter((other) => other !== store)
      if (wasLearner && prng.chance(0.7)) voters.push(store)
      else if (wasVoter && prng.chance(0.3)) learners.push(store)
      else if (!wasVoter && !wasLearner) (prng.chance(0.9) ? learners : voters).push(store)
      if (voters.length === 0) return
    }
    if (prng.chance(0.95)) {
      // A store has to be a learner before it can vote; now and then that is tried nevertheless.
      const known = new Set(membersOf(config).map((member) => member.store))
      learners.push(...voters.filter((store) => !known.has(store)))
      voters = voters.filter((store) => known.has(store))
      if (voters.length === 0) return
    }
    replica.input((machine, nowMs) => {
      const result = machine.changeMembers(nowMs, { voters: voters.toSorted(), learners: learners.toSorted() })
      const numbers = (list: readonly StoreId[]): string => list.map(storeNumber).join('')
      world.trace.add('members', numbers(voters), numbers(learners), result.ok ? result.index : result.reason)
      if (!result.ok) return
      this.count('members')
      if (learners.some((store) => !config.learners.some((member) => member.store === store)))
        world.coverage.add('learnerAdded')
      if (config.voters.some(({ store }) => !voters.includes(store))) world.coverage.add('voterRemoved')
    })
  }

  private transfer(): void {
    const node = this.anyLeader()
    const replica = node?.replica
    if (!replica) return
    const target = this.prng.pick(stores.slice(0, this.nodes.length))
    replica.input((machine, nowMs) => {
      const result = machine.transferLeader(nowMs, target)
      this.world.trace.add('transfer', node.number, storeNumber(target), result.ok ? 'ok' : result.reason)
      if (!result.ok) return
      this.count('transfer')
      this.world.transferTo = storeNumber(target)
      // The old leader does not hear how it went on.
      if (!this.world.swarm.faults.has('oneWay') || this.prng.chance(0.5)) return
      const deaf = this.pairs().filter(([, to]) => to === node.number)
      this.after(this.prng.pick([0, 0.02, 0.1]), () => this.cut(deaf, 1.5))
    })
  }

  private campaign(): void {
    const node = this.anyUp()
    if (!node.up || node.paused || !node.replica) return
    this.count('campaign', node.number)
    node.replica.input((machine, nowMs) => machine.campaign(nowMs))
  }

  private stepDown(): void {
    const node = this.anyLeader()
    if (!node?.replica) return
    this.count('stepDown', node.number)
    node.replica.input((machine, nowMs) => machine.stepDown(nowMs))
  }

  private unreachable(): void {
    const node = this.anyUp()
    if (!node.up || node.paused || !node.replica) return
    const store = this.prng.pick(stores.slice(0, this.nodes.length))
    this.count('unreachable', node.number, storeNumber(store))
    node.replica.input((machine) => machine.peerUnreachable(store))
  }
}
