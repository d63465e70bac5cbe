/**
 * What the membership and the maps promise, each as a run that ends with a verdict and figures. `scale` 'test' is what
 * `npm test` runs, 'full' what `npm run sim -- --gossip` runs.
 */
import { type GossipMember, GossipWorld } from './gossip-world.ts'

export interface GossipResult {
  /** null: all promises were kept. */
  readonly violation: string | null
  readonly figures: Readonly<Record<string, number>>
}

export type Scale = 'test' | 'full'

export interface GossipScenario {
  readonly name: string
  readonly promise: string
  run(seed: number, scale: Scale): GossipResult
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** `count` members that know each other. */
function settled(world: GossipWorld, count: number, options: { skewHours?: number } = {}): GossipMember[] {
  const members = Array.from({ length: count }, (_, i) => {
    const hours = options.skewHours ?? 0
    return world.start(`m${i + 1}:1`, ['m1:1', 'm2:1'], { skewMs: world.prng.between(-hours, hours) * HOUR })
  })
  world.runUntil(30_000, () => members.every((member) => world.sees(member, members)))
  return members
}

const result = (violation: string | null, figures: Readonly<Record<string, number>>): GossipResult => ({
  violation,
  figures,
})

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

/** Healthy members under 5 % loss: nobody is ever suspected, since the reliable probe answers. */
const peace: GossipScenario = {
  name: 'peace',
  promise: 'no healthy member is suspected or dead under 5 % loss',
  run(seed, scale) {
    const world = new GossipWorld(seed)
    const members = settled(world, scale === 'test' ? 16 : 64)
    let suspected = 0
    let dead = 0
    world.onSighting = ({ state }) => {
      if (state === 'suspect') suspected++
      if (state === 'dead') dead++
    }
    world.lossChance = 0.05
    const before = world.packetBytes
    const ms = scale === 'test' ? HOUR : 24 * HOUR
    world.run(ms)
    const together = members.every((member) => world.sees(member, members))
    const violation =
      dead > 0
        ? `${dead} times a healthy member was dead`
        : suspected > 0
          ? `${suspected} times a healthy member was suspected`
          : together
            ? null
            : 'members lost sight of each other'
    const bytesPerSecond = Math.round((world.packetBytes - before) / members.length / (ms / 1000))
    return result(violation, { members: members.length, hours: ms / HOUR, suspected, dead, bytesPerSecond })
  },
}

/** Kills one member at a time. */
function deaths(name: string, counts: readonly number[], wantedMs: number): GossipScenario {
  return {
    name,
    promise: `all survivors notice a death within ${wantedMs} ms (p99), with ${counts.join(', ')} members`,
    run(seed, scale) {
      const took: number[] = []
      const resurrections: string[] = []
      const kills = scale === 'test' ? 20 : 200
      for (const count of counts) {
        const world = new GossipWorld(seed + count)
        settled(world, count)
        world.lossChance = 0.01
        // Those whose death everybody has noticed.
        const dead = new Set<string>()
        world.onSighting = ({ host, state, seer }) => {
          if (dead.has(host) && state !== 'dead' && state !== 'left') resurrections.push(`${host} at ${seer.host}`)
        }
        for (let i = 0; i < kills; i++) {
          world.run(world.prng.between(2_000, 4_000))
          const killed = world.prng.pick(world.up)
          world.kill(killed)
          const survivors = world.up
          const unseen = (one: GossipMember): boolean => {
            const state = world.stateOf(one, killed.host)
            return state === 'alive' || state === 'suspect'
          }
          took.push(world.runUntil(60_000, () => !survivors.some(unseen)))
          dead.add(killed.host)
          world.start(`again${count}-${i}:1`, [world.prng.pick(survivors).address])
        }
      }
      const p99 = percentile(took, 0.99)
      const violation =
        p99 > wantedMs
          ? `p99 is ${p99} ms`
          : resurrections.length > 0
            ? `dead members came back: ${resurrections[0]}`
            : null
      return result(violation, { kills: took.length, p50: percentile(took, 0.5), p99, worst: Math.max(...took) })
    },
  }
}

/** Two halves, cut for short and for long; then together again, maps included. */
const partition: GossipScenario = {
  name: 'partition',
  promise: 'healed halves agree in 30 s, however long they were cut, and their maps too',
  run(seed, scale) {
    const world = new GossipWorld(seed)
    const count = scale === 'test' ? 10 : 50
    const members = settled(world, count, { skewHours: 5 })
    for (const member of members) world.write(member, 'before', Uint8Array.of(1))
    world.lossChance = 0.02
    const took: number[] = []
    for (const cutMs of scale === 'test' ? [20_000, 5 * MINUTE] : [20_000, 5 * MINUTE, 3 * HOUR]) {
      const half = new Set(world.prng.shuffled(members).slice(0, Math.floor(count / 2)))
      world.passes = (from, to) => half.has(from) === half.has(to)
      world.run(cutMs)
      for (const member of members) {
        world.write(member, 'before', null)
        world.write(member, `cut ${took.length}`, Uint8Array.of(took.length))
      }
      world.passes = () => true
      const agree = (): boolean => {
        const entries = world.entries(members[0] as GossipMember)
        return members.every((member) => world.sees(member, members) && world.entries(member) === entries)
      }
      took.push(world.runUntil(2 * MINUTE, agree))
    }
    const worst = Math.max(...took)
    const [first] = members
    const back = first ? world.entries(first).includes('before') : false
    const violation = worst > 30_000 ? `it took ${worst} ms` : back ? 'a deleted entry came back' : null
    return result(violation, { members: count, worst })
  },
}

/** Guests that come and go, most with a goodbye. */
const churn: GossipScenario = {
  name: 'churn',
  promise: 'no ghost after 10,000 joins and leaves, a goodbye is seen by all in 1 s, tables stay bounded',
  run(seed, scale) {
    const world = new GossipWorld(seed)
    const residents = settled(world, 5)
    const total = scale === 'test' ? 600 : 10_000
    const at = 20
    world.lossChance = 0.01
    world.delayMaxMs = 40
    const leftAt = new Map<string, number>()
    const late: string[] = []
    world.onSighting = ({ host, state, atMs, seer }) => {
      const left = leftAt.get(host)
      if (left !== undefined && state === 'alive' && atMs > left + 1_000) late.push(`${host} at ${seer.host}`)
    }
    let slowest = 0
    for (let come = 0; come < total; come += at) {
      const guests = Array.from({ length: at }, (_, i) => world.start(`g${come + i}:1`, ['m1:1', 'm2:1', 'm3:1']))
      const everybody = [...residents, ...guests]
      const met = world.runUntil(20_000, () => everybody.every((one) => world.sees(one, everybody)))
      if (late.length > 0) break
      if (!Number.isFinite(met)) return result('guests were not taken in', { joins: come })
      for (const guest of guests) world.write(guest, 'here', Uint8Array.of(1))
      const leaving = guests.slice(1)
      for (const guest of leaving) {
        leftAt.set(guest.host, world.heap.now)
        world.leave(guest)
      }
      const gone = (one: GossipMember): boolean =>
        leaving.every(({ host }) => world.stateOf(one, host) === 'left' || world.stateOf(one, host) === undefined)
      slowest = Math.max(
        slowest,
        world.runUntil(10_000, () => residents.every(gone)),
      )
      world.run(700)
      // One of them does not say goodbye.
      const [killed] = guests
      if (killed) world.kill(killed)
    }
    const clean = world.runUntil(2 * MINUTE, () => residents.every((one) => world.sees(one, residents)))
    const ghosts = residents.some((one) =>
      [...one.core.replicator.maps.owners].some((owner) => world.host(owner)?.state === 'down'),
    )
    // The killed ones' entries are kept for a minute.
    if (ghosts) world.run(70_000)
    const entries = new Set(residents.flatMap((one) => [...one.core.replicator.maps.owners])).size
    const malformed = residents.reduce((sum, { core }) => sum + core.swim.counts.malformed, 0)
    const table = Math.max(...residents.map((one) => one.core.swim.members().length))
    const violation =
      late.length > 0
        ? `who had left came back: ${late[0]}`
        : slowest > 1_000
          ? `a goodbye took ${slowest} ms`
          : !Number.isFinite(clean)
            ? 'ghosts stay'
            : entries > residents.length
              ? `entries of ${entries - residents.length} that are gone stay`
              : table > 3_000
                ? `a table has ${table} members`
                : malformed > 0
                  ? `${malformed} messages could not be read`
                  : null
    return result(violation, { joins: total, slowestGoodbye: slowest, table })
  },
}

/** A process stands still while the others go on. */
const pauses: GossipScenario = {
  name: 'pauses',
  promise:
    'who stood still comes back within 30 s and blames nobody; a new process at an old address replaces it in 5 s',
  run(seed, scale) {
    const blamed: string[] = []
    let slowest = 0
    let replaced = 0
    for (let round = 0; round < (scale === 'test' ? 60 : 600); round++) {
      const world = new GossipWorld(seed + round)
      const count = world.prng.integer(3, 12)
      const members = settled(world, count)
      world.lossChance = 0.02
      const paused = world.prng.pick(members)
      world.onSighting = ({ seer, state, host }) => {
        if (seer === paused && (state === 'suspect' || state === 'dead')) blamed.push(`${host} by ${seer.host}`)
      }
      world.pause(paused)
      world.run(world.prng.between(500, 60_000))
      world.resume(paused)
      slowest = Math.max(
        slowest,
        world.runUntil(MINUTE, () => members.every((one) => world.sees(one, members))),
      )
      const killed = world.prng.pick(members)
      world.onSighting = () => {}
      world.kill(killed)
      const again = world.start(killed.address, ['m1:1', 'm2:1', 'm3:1'])
      const now = [...members.filter((one) => one !== killed), again]
      replaced = Math.max(
        replaced,
        world.runUntil(MINUTE, () => now.every((one) => world.sees(one, now))),
      )
    }
    const violation =
      blamed.length > 0
        ? `a process that stood still blamed ${blamed[0]}`
        : slowest > 30_000
          ? `it took ${slowest} ms to be back`
          : replaced > 5_000
            ? `it took ${replaced} ms until the old process was replaced`
            : null
    return result(violation, { slowest, replaced })
  },
}

/** Two clusters on one network, addresses reused between them. */
const strangers: GossipScenario = {
  name: 'strangers',
  promise: 'two clusters never mix, also when one gets the addresses of the other',
  run(seed) {
    const world = new GossipWorld(seed)
    const ours = settled(world, 4)
    const theirs = Array.from({ length: 3 }, (_, i) => world.start(`x${i}:1`, ['x0:1', 'm1:1'], { cluster: 'other' }))
    world.run(20_000)
    const [last] = ours.splice(3, 1)
    if (last) {
      world.kill(last)
      theirs.push(world.start(last.address, ['x0:1'], { cluster: 'other' }))
    }
    world.run(MINUTE)
    const apart = ours.every((one) => world.sees(one, ours)) && theirs.every((one) => world.sees(one, theirs))
    const foreign = [...ours, ...theirs].reduce((sum, { core }) => sum + core.swim.counts.foreign, 0)
    return result(apart ? (foreign > 0 ? null : 'nothing foreign was counted') : 'the clusters mixed', { foreign })
  },
}

/** What a node sends when nothing happens. */
const cost: GossipScenario = {
  name: 'cost',
  promise: 'at rest a node sends under 2 kB/s, however large the cluster is, and hardly more of it than in a small one',
  run(seed, scale) {
    const figures: Record<string, number> = {}
    for (const count of scale === 'test' ? [3, 16, 100] : [3, 16, 100, 300, 1_000]) {
      const world = new GossipWorld(seed)
      const members = settled(world, count)
      for (const member of members) world.write(member, 's/store', new Uint8Array(200))
      world.run(30_000)
      const before = world.packetBytes + world.callBytes
      world.run(2 * MINUTE)
      figures[`bytesPerSecondOf${count}`] = Math.round((world.packetBytes + world.callBytes - before) / count / 120)
    }
    const most = Math.max(...Object.values(figures))
    return result(most > 2_000 ? `a node sends ${most} bytes a second` : null, figures)
  },
}

export const gossipScenarios: readonly GossipScenario[] = [
  peace,
  deaths('deaths of few', [2, 3, 5], 6_000),
  deaths('deaths of 50', [50], 6_000),
  partition,
  churn,
  pauses,
  strangers,
  cost,
]
