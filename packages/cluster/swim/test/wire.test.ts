import { describe, expect, test } from '@jest/globals'
import { hostId } from '@base-kv/base'
import { seededRandom } from '@base-kv/test-kit'
import { Swim } from '../src/index.ts'
import { decodePacket, encodePacket, type Packet, PACKET_BYTES_MAX, SYNC_BYTES_MAX } from '../src/wire.ts'
import { Network } from './network.ts'

const header = { cluster: 'test', epoch: 7n, host: hostId('me'), address: 'n1:7701', incarnation: 3 }
const update = (i: number) => ({
  host: hostId(`host-${i}`),
  address: `n${i}:7701`,
  incarnation: i,
  state: 'suspect' as const,
  from: hostId('accuser'),
})

describe('packets', () => {
  test('come back as they were', () => {
    const packets: Packet[] = [
      { header, body: { kind: 'ping', seq: 0xffff_ffff, target: hostId('t') }, updates: [update(1)] },
      { header, body: { kind: 'pingReq', seq: 1, target: hostId('t'), address: '[::1]:1' }, updates: [] },
      { header, body: { kind: 'user', bytes: Uint8Array.of(0, 1, 255) }, updates: [] },
      { header, body: { kind: 'refused', reason: 'another cluster' }, updates: [] },
    ]
    for (const packet of packets) {
      expect(decodePacket(encodePacket(packet, PACKET_BYTES_MAX).bytes)).toEqual({ packet })
    }
  })

  test('take as much news as fits, also more than 255 pieces over the reliable channel', () => {
    const updates = Array.from({ length: 600 }, (_, i) => update(i))
    const small = encodePacket({ header, body: { kind: 'gossip' }, updates }, PACKET_BYTES_MAX)
    expect(small.bytes.length).toBeLessThanOrEqual(PACKET_BYTES_MAX)
    expect(small.updatesTaken).toBeGreaterThan(20)
    const large = encodePacket({ header, body: { kind: 'sync' }, updates }, SYNC_BYTES_MAX)
    expect(decodePacket(large.bytes)).toMatchObject({ packet: { updates } })
  })

  test('mutated, cut and random ones crash nothing, and leave the members as they are', () => {
    const network = new Network({ seed: 1 })
    const nodes = network.cluster(4)
    const random = seededRandom(99)
    const [victim] = nodes
    const samples: Uint8Array[] = []
    nodes[1]!.running = false
    for (let i = 0; i < 40; i++) {
      nodes[1]!.swim.tick(network.nowMs + 60 * i)
      samples.push(...nodes[1]!.swim.take().packets.map(({ bytes }) => bytes))
    }
    const swim = new Swim({ host: hostId('x'), address: 'x:1', cluster: 'test' }, { random })
    const rounds = Number(process.env['BASE_KV_FUZZ_PACKETS'] ?? 30_000)
    for (let i = 0; i < rounds; i++) {
      const bytes = mutate(samples[random.below(samples.length)]!, random.below)
      swim.receive(bytes, i / 100)
      if (i % 30 === 0) swim.syncRequested(bytes)
      if (i % 50 === 0) swim.tick(i / 100)
      swim.take()
    }
    expect(swim.counts.malformed).toBeGreaterThan(rounds / 100)
    expect(swim.members().length).toBeLessThanOrEqual(4_096 + 2_048 + 1)
    expect(network.seen(victim!)).toHaveLength(4)
  }, 300_000)
})

function mutate(bytes: Uint8Array, below: (bound: number) => number): Uint8Array {
  switch (below(5)) {
    case 0:
      return bytes.slice(0, below(bytes.length))
    case 1:
      return Uint8Array.from({ length: below(1_500) }, () => below(256))
    case 2: {
      const longer = new Uint8Array(bytes.length + below(20))
      longer.set(bytes)
      return longer
    }
    default: {
      const copy = bytes.slice()
      for (let i = 0; i <= below(4); i++) copy[below(copy.length)] = below(256)
      return copy
    }
  }
}
