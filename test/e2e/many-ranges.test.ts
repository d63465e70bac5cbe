/** More ranges than a node tells of at a time: pages for people, and for clients only the ways that they go. */
import { expect, test } from '@jest/globals'
import { v1 } from '@base-kv/protocol'
import { openChannel } from '@base-kv/rpc'
import { TestCluster } from '../harness/cluster.ts'
import { until } from '../harness/until.ts'

const RANGES = 300

test('hundreds of ranges: described in pages or by key, found by clients that never hear of most', async () => {
  await using cluster = await TestCluster.up({ ranges: RANGES })
  const ranges = await cluster.ranges()
  expect(ranges).toHaveLength(RANGES)
  expect(ranges.every(({ replicas, leader }) => replicas.length === 3 && leader !== null)).toBe(true)

  const channel = openChannel(cluster.endpoints[0] ?? '')
  const describeSome = async (request: v1.DescribeRequest.$Properties): Promise<v1.DescribeReply> => {
    const body = v1.DescribeRequest.encode(request).finish()
    return v1.DescribeReply.decode(await channel.unary('/basekv.v1.BaseKVStore/Describe', body, { deadlineMs: 10_000 }))
  }
  try {
    const seen: string[] = []
    let after: Uint8Array = new Uint8Array(0)
    let pages = 0
    do {
      const page = await describeSome({ after, limit: 70 })
      const ids = (page.store?.ranges ?? []).map(({ id }) => id ?? '')
      expect(ids.length).toBeLessThanOrEqual(70)
      seen.push(...ids)
      after = page.next
      pages++
    } while (after.length > 0)
    expect(pages).toBe(5)
    expect(seen).toEqual(ranges.map(({ id }) => id))

    const keys = [Buffer.from([0, 0]), Buffer.from([0, 1]), Buffer.from([255, 255])]
    const held = (await describeSome({ keys, routes: true })).store?.ranges ?? []
    expect(held.map(({ id }) => id)).toEqual([ranges[0]?.id, ranges.at(-1)?.id])
    // What finds the way, and nothing else.
    expect(held[0]?.config ?? null).toBeNull()
    const [third] = (await describeSome({ rangeIds: [ranges[2]?.id ?? '', '7_7'] })).store?.ranges ?? []
    expect(third?.id).toBe(ranges[2]?.id)
    await expect(describeSome({ after: Buffer.from('nonsense') })).rejects.toMatchObject({ code: 'BadRequest' })
  } finally {
    channel.close()
  }

  using client = cluster.client()
  const key = (i: number): Buffer => Buffer.from([(i * 53) % 256, i % 256, i >> 8])
  const all = Array.from({ length: 1_000 }, (_, i) => key(i))
  await Promise.all(all.map((one) => client.put(one, one)))
  const found = await Promise.all(all.map((one) => client.get(one)))
  expect(found.map((value, i) => Buffer.from(value ?? []).equals(all[i] ?? Buffer.alloc(0))).every(Boolean)).toBe(true)
  // Everything moves: a node that ends hands its ranges over, and the client goes on.
  await cluster.ok(['cluster', 'stop', 'n2'])
  await Promise.all(all.map((one) => client.put(one, 'again')))
  await cluster.ok(['cluster', 'start', 'n2'])
  await until('every key is there', async () => {
    const values = await Promise.all(all.map((one) => client.get(one)))
    return values.every((value) => Buffer.from(value ?? []).toString() === 'again')
  })
  expect(await cluster.ok(['range', 'split', '--key', 'hex:00ff', '-o', 'raw'])).toMatch(/^\d+\n$/)
}, 120_000)
