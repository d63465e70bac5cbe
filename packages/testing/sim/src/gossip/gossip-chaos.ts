/**
 * Anything at once, from one seed: loss, delay, cuts (also one-way), pauses, kills, restarts, goodbyes, clocks hours apart,
 * writes and deletes. Then all faults end, and within a minute everybody must see exactly those that run, and hold exactly
 * what they wrote.
 */
import type { GossipResult, GossipScenario } from './gossip-scenarios.ts'
import { type GossipMember, GossipWorld } from './gossip-world.ts'

const HOUR = 3_600_000

export const chaos: GossipScenario = {
  name: 'chaos',
  promise: 'after any faults everybody sees exactly those that run and holds exactly what they wrote',
  run(seed, scale) {
    let slowest = 0
    const runs = scale === 'test' ? 10 : 300
    for (let i = 0; i < runs; i++) {
      const outcome = chaosRun(seed * 1_000 + i)
      if (outcome.violation !== null) return outcome
      slowest = Math.max(slowest, outcome.figures['tookMs'] ?? 0)
    }
    return { violation: null, figures: { runs, slowest } }
  },
}

function chaosRun(seed: number): GossipResult {
  const world = new GossipWorld(seed)
  const { prng } = world
  const count = prng.chance(0.1) ? prng.integer(17, 64) : prng.integer(3, 16)
  const seeds = Array.from({ length: prng.integer(1, 3) }, (_, i) => `m${i + 1}:1`)
  const written = new Map<GossipMember, Map<string, number>>()
  const start = (address: string): void => {
    const member = world.start(address, seeds, { skewMs: prng.between(-10, 10) * HOUR })
    written.set(member, new Map())
  }
  for (let i = 1; i <= count; i++) start(`m${i}:1`)
  world.lossChance = prng.pick([0, 0.01, 0.05, 0.2])
  world.delayMaxMs = prng.pick([2, 20, 150])
  const cuts = new Set<string>()
  world.passes = (from, to) => !cuts.has(`${from.address} ${to.address}`)

  const kinds = prng.shuffled(['kill', 'pause', 'cut', 'half', 'leave', 'join'] as const).slice(0, prng.integer(1, 6))
  const faults = prng.integer(3, 20)
  for (let i = 0; i < faults; i++) {
    for (let writes = prng.below(6); writes > 0; writes--) write(world, written)
    world.run(prng.gap(2_000))
    const victim = world.up.length > 1 ? prng.pick(world.up) : undefined
    switch (prng.pick(kinds)) {
      case 'kill':
        if (!victim) break
        world.kill(victim)
        // Somebody must be left whom newcomers know.
        if (seeds.includes(victim.address) || prng.chance(0.7))
          world.heap.after(prng.between(50, 15_000), () => start(victim.address))
        break
      case 'pause':
        if (!victim) break
        world.pause(victim)
        world.heap.after(prng.between(100, 20_000), () => world.resume(victim))
        break
      case 'cut':
        for (let way = prng.integer(1, 4); way > 0; way--) {
          const [from, to] = [prng.pick(world.members), prng.pick(world.members)]
          if (from !== to) cuts.add(`${from.address} ${to.address}`)
        }
        break
      case 'half': {
        const half = new Set(prng.shuffled(world.members).slice(0, world.members.length >> 1))
        for (const from of world.members) {
          for (const to of world.members) if (half.has(from) !== half.has(to)) cuts.add(`${from.address} ${to.address}`)
        }
        world.heap.after(prng.between(1_000, 60_000), () => cuts.clear())
        break
      }
      case 'leave':
        if (victim && world.up.length > 2 && !seeds.includes(victim.address)) world.leave(victim)
        break
      case 'join':
        start(`j${i}:1`)
    }
  }
  cuts.clear()
  world.lossChance = Math.min(world.lossChance, 0.01)
  // Whoever still is to start or go on does so.
  world.run(20_000)
  for (const member of world.members) world.resume(member)
  for (let writes = 0; writes < 3; writes++) write(world, written)
  const members = world.up
  const wanted = members
    .flatMap((member) => [...(written.get(member) ?? [])].map(([key, value]) => `${member.host} ${key} ${value}`))
    .sort()
    .join('\n')
  // Entries of dead ones are kept for a minute.
  const ofTheLiving = (member: GossipMember): string =>
    world
      .entries(member)
      .split('\n')
      .filter((line) => world.host(line.split(' ')[0] as GossipMember['host'])?.state === 'up')
      .join('\n')
  const agree = (): boolean => members.every((one) => world.sees(one, members) && ofTheLiving(one) === wanted)
  const tookMs = world.runUntil(60_000, agree)
  const figures = { seed, members: members.length, faults, tookMs }
  if (!Number.isFinite(tookMs)) {
    const blind = members.filter((one) => !world.sees(one, members)).length
    const other = members.filter((one) => ofTheLiving(one) !== wanted).length
    return {
      violation: `seed ${seed}: of ${members.length}, ${blind} see others than run, ${other} hold other entries`,
      figures,
    }
  }
  world.run(70_000)
  const ghosts = members.filter((one) => world.entries(one) !== wanted).length
  return { violation: ghosts > 0 ? `seed ${seed}: ${ghosts} hold entries of who is gone` : null, figures }
}

function write(world: GossipWorld, written: Map<GossipMember, Map<string, number>>): void {
  const { prng } = world
  const member = world.up.length > 0 ? prng.pick(world.up) : undefined
  const own = member && written.get(member)
  if (!member || !own) return
  const key = `k${prng.below(6)}`
  if (prng.chance(0.3)) {
    own.delete(key)
    world.write(member, key, null)
  } else {
    const value = prng.below(256)
    own.set(key, value)
    world.write(member, key, Uint8Array.of(value))
  }
}
