import { describe, expect, test } from '@jest/globals'
import { hostId } from '@base-kv/base'
import { HybridClock } from '@base-kv/hlc'
import { seededRandom } from '@base-kv/test-kit'
import fc from 'fast-check'
import { defaultReplicatorOptions, Replicator } from '../src/index.ts'
import { encodeMessage } from '../src/wire.ts'
import { Cluster } from './cluster.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('replicas become equal', () => {
  test('within a second on 16 of them', () => {
    const cluster = new Cluster({ count: 16, seed: 1 })
    cluster.run(3_000)
    for (const { replicator } of cluster.replicas) replicator.write('store', bytes('x'))
    cluster.run(1_000)
    expect(cluster.seen(cluster.replicas[0]!)).toHaveLength(16)
    expect(cluster.equal()).toBe(true)
  })

  test('under loss, repetition and reordering, with clocks hours apart, from any operations', () => {
    const operation = fc.record({
      by: fc.nat(3),
      key: fc.constantFrom('a', 'b', 'c'),
      value: fc.option(fc.uint8Array({ minLength: 1, maxLength: 3 })),
      register: fc.boolean(),
      pauseMs: fc.constantFrom(0, 50, 500),
    })
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 25 }), fc.nat(), (operations, seed) => {
        const cluster = new Cluster({ count: 4, seed, skewMs: [0, 3_600_000, -7_200_000, 20 * 3_600_000] })
        cluster.lossPercent = 30
        for (const { by, key, value, register, pauseMs } of operations) {
          const { replicator } = cluster.replicas[by]!
          if (register) replicator.writeRegister(key, value ?? new Uint8Array())
          else replicator.write(key, value)
          cluster.run(pauseMs)
        }
        cluster.lossPercent = 0
        cluster.run(120_000)
        expect(cluster.equal()).toBe(true)
        const last = new Map<string, string>()
        for (const { by, key, value, register } of operations) {
          if (!register) last.set(`h${by + 1} ${key}`, value === null ? '' : `h${by + 1} ${key} ${[...value]}`)
        }
        const entries = cluster.seen(cluster.replicas[0]!).filter((line) => !line.startsWith('register'))
        expect(entries).toEqual([...last.values()].filter((line) => line !== '').sort())
      }),
      { numRuns: 25 },
    )
  })

  test('a store of 5,000 ranges reaches everybody, also one that comes later', () => {
    const cluster = new Cluster({ count: 4, seed: 3 })
    cluster.replicas[3]!.replicator.setPeers([])
    const [first] = cluster.replicas
    for (let i = 0; i < 5_000; i++) first!.replicator.write(`range/${i}`, new Uint8Array(300).fill(i))
    cluster.run(2_000)
    expect(cluster.replicas[1]!.replicator.maps.get(first!.host)?.size).toBe(5_000)
    cluster.replicas[3]!.replicator.setPeers([cluster.replicas[1]!.host])
    cluster.run(1_000)
    expect(cluster.replicas[3]!.replicator.maps.get(first!.host)?.size).toBe(5_000)
    expect(cluster.equal()).toBe(true)
  })

  test('at rest hardly anything is sent', () => {
    const cluster = new Cluster({ count: 8, seed: 4 })
    for (const { replicator } of cluster.replicas) replicator.write('store', bytes('x'))
    cluster.run(5_000)
    const before = cluster.messages
    cluster.run(60_000)
    expect(cluster.messages - before).toBeLessThan(8 * 10)
  })
})

describe('owners that are gone', () => {
  test('their entries are dropped, do not come back from who dropped them later, and do when the owner lives after all', () => {
    const cluster = new Cluster({ count: 4, seed: 5 })
    const [a, b, c, owner] = cluster.replicas
    owner!.replicator.write('store', bytes('x'))
    cluster.run(2_000)
    for (const replica of [a!, b!]) {
      replica.gone.add(owner!.host)
      replica.replicator.drop(owner!.host)
    }
    cluster.run(60_000)
    expect(cluster.seen(a!)).toEqual([])
    expect(cluster.seen(c!)).toHaveLength(1)
    for (const replica of [a!, b!]) replica.gone.clear()
    cluster.run(60_000)
    expect(cluster.equal()).toBe(true)
    expect(cluster.seen(a!)).toHaveLength(1)
  })
})

describe('registers', () => {
  test('who saw the newest choice and changes it wins over a clock that is hours ahead', () => {
    const cluster = new Cluster({ count: 2, seed: 6, skewMs: [5 * 3_600_000, 0] })
    const [ahead, other] = cluster.replicas
    ahead!.replicator.writeRegister('rule', bytes('old'))
    cluster.run(2_000)
    other!.replicator.writeRegister('rule', bytes('new'))
    cluster.run(2_000)
    expect(ahead!.replicator.registers.get('rule')!.value).toEqual(bytes('new'))
  })

  test('what a restarted node loads from its disk does not beat what was chosen meanwhile, nor revive what was taken back', () => {
    const cluster = new Cluster({ count: 3, seed: 7 })
    const [a, b, c] = cluster.replicas
    c!.replicator.setPeers([])
    a!.replicator.writeRegister('rule', bytes('1'))
    const kept = a!.replicator.registers.get('rule')!
    a!.replicator.writeRegister('rule', new Uint8Array())
    cluster.run(2_000)
    c!.replicator.loadRegister('rule', kept)
    c!.replicator.setPeers([a!.host, b!.host])
    cluster.run(30_000)
    for (const { replicator } of cluster.replicas) expect(replicator.registers.get('rule')!.value).toHaveLength(0)
  })
})

describe('bad input', () => {
  test('a stamp more than 24 h ahead is refused and its owner named; the own clock is not pulled along', () => {
    const wallMs = 1_700_000_000_000
    const clock = new HybridClock({}, { clock: { wallMs: () => wallMs, monotonicMs: () => 0 } })
    const replicator = new Replicator(
      { ...defaultReplicatorOptions, host: hostId('me') },
      { clock, random: seededRandom(1), accepts: () => true },
    )
    const to = BigInt(wallMs + 25 * 3_600_000) << 16n
    const part = { after: 0n, to, floor: 0n, entries: [['k', { stamp: to, value: bytes('x') }] as const] }
    const message = { kind: 'delta', parts: [[hostId('year-2100'), part]], registers: [], more: true } as const
    replicator.receive(hostId('peer'), encodeMessage(message))
    expect([...replicator.maps.owners]).toEqual([])
    expect(replicator.counts.tooFarAhead).toEqual(new Map([['year-2100', 1]]))
    expect(clock.now().ms).toBe(wallMs)
    // Nor does it ask for the same again and again.
    expect(replicator.take().messages).toEqual([])
  })

  test('mutated messages crash nothing and stay bounded', () => {
    const cluster = new Cluster({ count: 3, seed: 8 })
    const [a, b] = cluster.replicas
    for (let i = 0; i < 5; i++) b!.replicator.write(`k${i}`, new Uint8Array(20))
    b!.replicator.writeRegister('r', bytes('v'))
    const samples: Uint8Array[] = []
    for (let i = 0; i < 30; i++) {
      b!.replicator.tick(i * 1_000)
      samples.push(...b!.replicator.take().messages.map((message) => message.bytes))
    }
    const { below } = cluster.random
    const rounds = Number(process.env['BASE_KV_FUZZ_PACKETS'] ?? 30_000)
    for (let i = 0; i < rounds; i++) {
      const copy = samples[below(samples.length)]!.slice()
      for (let flips = below(5); flips >= 0; flips--) copy[below(copy.length)] = below(256)
      a!.replicator.receive(b!.host, below(4) === 0 ? copy.subarray(0, below(copy.length)) : copy)
      a!.replicator.take()
    }
    expect(a!.replicator.counts.malformed).toBeGreaterThan(rounds / 100)
    expect(a!.replicator.maps.size).toBeLessThanOrEqual(4_096)
  })
})
