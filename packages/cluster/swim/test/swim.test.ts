import { describe, expect, test } from '@jest/globals'
import type { Node } from './network.ts'
import { Network } from './network.ts'
import { encodePacket } from '../src/wire.ts'

const others = (nodes: readonly Node[], not: Node): Node[] => nodes.filter((node) => node !== not)

describe('members find each other', () => {
  test('through one seed, the seed itself given its own address', () => {
    const network = new Network({ seed: 1 })
    const nodes = Array.from({ length: 8 }, (_, i) => network.start(`n${i + 1}:1`, ['n1:1']))
    const took = network.runUntil(5_000, () => nodes.every((node) => network.seen(node).length === 8))
    expect(took).toBeLessThan(2_000)
  })

  test('when the seed comes up long after them', () => {
    const network = new Network({ seed: 2 })
    const early = [network.start('n2:1', ['n1:1']), network.start('n3:1', ['n1:1'])]
    network.run(120_000)
    expect(network.seen(early[0]!)).toEqual(['n2:1'])
    const nodes = [...early, network.start('n1:1', [])]
    expect(network.runUntil(15_000, () => nodes.every((node) => network.seen(node).length === 3))).toBeLessThan(12_000)
  })

  test.each([1, 2, 3])('%i of them stay together at peace, and nobody is suspected', (count) => {
    const network = new Network({ seed: 3 })
    const nodes = network.cluster(count)
    network.run(60_000)
    for (const node of nodes) {
      expect(network.seen(node)).toHaveLength(count)
      expect(node.swim.counts.probesFailed).toBe(0)
    }
  })

  test('each member is probed at least once in 2n - 1 turns', () => {
    const network = new Network({ seed: 4 })
    const nodes = network.cluster(6)
    const probed = new Map<string, number[]>()
    const seer = nodes[0]!
    let count = seer.swim.counts.probes
    network.passes = (from, to) => {
      if (from === seer.address && seer.swim.counts.probes > count) {
        count = seer.swim.counts.probes
        probed.set(to, [...(probed.get(to) ?? []), count])
      }
      return true
    }
    network.run(60_000)
    for (const turns of probed.values()) {
      turns.forEach((turn, i) => expect(turn - (turns[i - 1] ?? turn)).toBeLessThanOrEqual(2 * 5 - 1))
    }
    expect(probed.size).toBe(5)
  })
})

describe('who is gone is noticed', () => {
  test.each([2, 3, 5, 16])('one of %i killed is dead for all within 6 s', (count) => {
    const network = new Network({ seed: count })
    const nodes = network.cluster(count)
    const killed = nodes[count - 1]!
    killed.running = false
    const took = network.runUntil(20_000, () =>
      others(nodes, killed).every((node) => network.stateOf(node, killed) === 'dead'),
    )
    expect(took).toBeLessThan(6_000)
  })

  test('who says goodbye has left for all within 1 s, and is never suspected', () => {
    const network = new Network({ seed: 5 })
    const nodes = network.cluster(16)
    const leaving = nodes[7]!
    leaving.swim.leave()
    const took = network.runUntil(5_000, () =>
      others(nodes, leaving).every((node) => network.stateOf(node, leaving) === 'left'),
    )
    expect(took).toBeLessThan(1_000)
    network.runUntil(2_000, () => leaving.events.some(({ kind }) => kind === 'leaveSpread'))
    expect(leaving.events).toContainEqual({ kind: 'leaveSpread' })
    leaving.running = false
    network.run(120_000)
    for (const node of others(nodes, leaving)) expect(network.seen(node)).toHaveLength(15)
  })

  test('a process that starts again at the same address replaces the old one at once', () => {
    const network = new Network({ seed: 6 })
    const nodes = network.cluster(5)
    const old = nodes[2]!
    old.running = false
    const again = network.start(old.address, ['n1:1'])
    const took = network.runUntil(10_000, () =>
      others(nodes, old).every(
        (node) => network.stateOf(node, old) === 'left' && network.stateOf(node, again) === 'alive',
      ),
    )
    expect(took).toBeLessThan(2_500)
    network.run(60_000)
    for (const node of others(nodes, old)) expect(network.seen(node)).toHaveLength(5)
  })

  test('a process that stood still for half a minute is dead, then back with a higher incarnation, and blames nobody', () => {
    const network = new Network({ seed: 7 })
    const nodes = network.cluster(5)
    const paused = nodes[1]!
    paused.paused = true
    network.run(30_000)
    for (const node of others(nodes, paused)) expect(network.stateOf(node, paused)).toBe('dead')
    paused.paused = false
    const took = network.runUntil(30_000, () => nodes.every((node) => network.seen(node).length === 5))
    expect(took).toBeLessThan(10_000)
    expect(paused.swim.self.incarnation).toBeGreaterThan(0)
    for (const node of others(nodes, paused)) {
      expect(paused.events).not.toContainEqual(
        expect.objectContaining({ member: expect.objectContaining({ host: node.host, state: 'suspect' }) }),
      )
    }
  })
})

describe('healthy members stay', () => {
  test('nobody is called dead under 10 % loss', () => {
    const network = new Network({ seed: 8 })
    const nodes = network.cluster(8)
    network.lossPermille = 100
    network.run(10 * 60_000)
    const dead = nodes.flatMap((node) => node.events.filter((e) => e.kind === 'member' && e.member.state === 'dead'))
    expect(dead).toEqual([])
  })

  test('a one-way cut between two is bridged by the others', () => {
    const network = new Network({ seed: 9 })
    const nodes = network.cluster(4)
    network.passes = (from, to) => !(from === 'n1:1' && to === 'n2:1')
    network.run(60_000)
    for (const node of nodes) expect(network.seen(node)).toHaveLength(4)
    expect(nodes.flatMap(({ events }) => events)).not.toContainEqual(
      expect.objectContaining({ member: expect.objectContaining({ state: 'dead' }) }),
    )
  })

  test('a member whose datagrams are lost both ways stays alive by the reliable channel', () => {
    const network = new Network({ seed: 10 })
    const nodes = network.cluster(3)
    network.udp = (from, to) => from !== 'n3:1' && to !== 'n3:1'
    network.run(60_000)
    expect(network.stateOf(nodes[0]!, nodes[2]!)).toBe('alive')
    expect(nodes[0]!.swim.counts.fallbackOnly).toBeGreaterThan(0)
  })
})

describe('cuts heal', () => {
  test.each([1, 20])('halves that were cut for %i minutes agree within 30 s', (minutes) => {
    const network = new Network({ seed: 11 })
    const nodes = network.cluster(6)
    const half = (address: string) => Number(address[1]) <= 3
    network.passes = (from, to) => half(from) === half(to)
    network.run(minutes * 60_000)
    expect(network.seen(nodes[0]!)).toHaveLength(3)
    expect(network.seen(nodes[5]!)).toHaveLength(3)
    network.passes = () => true
    expect(network.runUntil(60_000, () => nodes.every((node) => network.seen(node).length === 6))).toBeLessThan(30_000)
  })
})

describe('what does not belong here', () => {
  test('packets and syncs of a cluster with another name are dropped and counted, and the caller is told why', () => {
    const network = new Network({ seed: 12 })
    const here = network.start('n1:1', [])
    const stranger = network.start('n2:1', ['n1:1'], 'other')
    network.run(5_000)
    expect(network.seen(here)).toEqual(['n1:1'])
    expect(here.swim.counts.syncsRefused).toBeGreaterThan(0)
    expect(stranger.events).toContainEqual({
      kind: 'refused',
      address: 'n1:1',
      reason: expect.stringContaining('another cluster'),
    })
  })

  test('two clusters of one name but different epochs never merge, also when an address is reused', () => {
    const network = new Network({ seed: 13 })
    const [a, b] = network.cluster(2)
    for (const node of [a!, b!]) node.swim.setEpoch(7n)
    b!.running = false
    const stranger = network.start('n2:1', ['n1:1'])
    stranger.swim.setEpoch(8n)
    network.run(30_000)
    expect(network.seen(stranger)).toEqual(['n2:1'])
    expect(network.stateOf(a!, stranger)).toBeUndefined()
    expect(a!.swim.counts.syncsRefused).toBeGreaterThan(0)
    expect(stranger.swim.counts.foreign).toBeGreaterThan(0)
  })

  test('an accusation with an incarnation that this process never had is ignored', () => {
    const network = new Network({ seed: 14 })
    const [a, b] = network.cluster(2)
    const accuse = (incarnation: number) => {
      const updates = [{ ...a!.swim.self, incarnation, state: 'dead' as const, from: b!.host }]
      const header = { cluster: 'test', epoch: 0n, host: b!.host, address: b!.address, incarnation: 0 }
      a!.swim.receive(encodePacket({ header, body: { kind: 'gossip' }, updates }, 1_350).bytes, network.nowMs)
    }
    accuse(1_000_000)
    expect(a!.swim.self.incarnation).toBe(0)
    expect(a!.swim.counts.bogus).toBe(1)
    accuse(0)
    expect(a!.swim.self.incarnation).toBe(1)
  })

  test('the table stays bounded over 400 joins and leaves, and no ghost is seen', () => {
    const network = new Network({ seed: 15 })
    const nodes = network.cluster(3)
    for (let i = 0; i < 400; i += 40) {
      const guests = Array.from({ length: 40 }, (_, j) => network.start(`g${i + j}:1`, ['n1:1', 'n2:1']))
      network.run(600)
      for (const guest of guests) guest.swim.leave()
      network.run(700)
      for (const guest of guests) guest.running = false
      network.nodes.splice(3)
    }
    network.runUntil(60_000, () => nodes.every((node) => network.seen(node).length === 3))
    for (const node of nodes) {
      expect(network.seen(node)).toHaveLength(3)
      expect(node.swim.members().length).toBeLessThan(2_500)
    }
  })
})
