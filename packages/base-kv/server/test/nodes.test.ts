/** Whole nodes over real sockets in one process: what they say to each other and to operators. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KvError, type Log, type LogFields, storeId } from '@base-kv/base'
import { type NodeConfig, type RunningNode, startNode } from '@base-kv/daemon'
import { v1 } from '@base-kv/protocol'
import type { Range } from '@base-kv/range'
import { openChannel, type RpcChannel } from '@base-kv/rpc'

const HOST = '127.0.0.1'
const STORE = 'kv.store'

async function until<T>(
  done: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  what: string,
) {
  const deadlineMs = performance.now() + 10_000
  for (;;) {
    const found = await done()
    if (found) return found
    if (performance.now() > deadlineMs) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
      return server
    }),
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

class Nodes {
  readonly lines: { readonly node: string; readonly message: string; readonly fields: LogFields }[] = []
  readonly running = new Map<string, RunningNode>()
  readonly #channels: RpcChannel[] = []
  readonly folder: string
  readonly addresses: readonly string[]

  constructor(folder: string, addresses: readonly string[]) {
    this.folder = folder
    this.addresses = addresses
  }

  static async make(count: number): Promise<Nodes> {
    const ports = await freePorts(count)
    return new Nodes(
      await mkdtemp(join(tmpdir(), 'base-kv-nodes-')),
      ports.map((port) => `${HOST}:${port}`),
    )
  }

  /** `peers`: how many of the addresses form the cluster. */
  async start(index: number, changes: { cluster?: string; peers?: readonly string[]; folder?: string } = {}) {
    const name = `n${index}`
    const seeds = changes.peers ?? this.addresses
    const config: NodeConfig = {
      node: { name },
      cluster: { name: changes.cluster ?? 'nodes', seeds, secret: null },
      bootstrap: { expect: Math.max(1, seeds.length) },
      stores: [STORE],
      dataDir: join(this.folder, changes.folder ?? name),
      rpc: { bind: this.addresses[index]!, advertise: null },
      admin: { bind: `${HOST}:1` },
      tls: null,
      insecure: false,
      raft: { tickMs: 50, electionTimeoutMs: 500, heartbeatIntervalMs: 100, lease: false },
      storage: { flushAgeMs: 50, flushBytes: 1 << 20, diskFreeBytesMin: 1, ballastBytes: 0, logCacheBytes: 1 << 20 },
      kvStoreConfig: { attributes: { zone: `zone-${index}` } },
      limits: { valueBytesMax: 1 << 20 },
      log: { level: 'debug' },
    }
    const onPoison = (error: KvError) => {
      throw error
    }
    const node = await startNode(config, { log: this.#log(name), onPoison })
    this.running.set(name, node)
    return node
  }

  async startAll(): Promise<RunningNode[]> {
    return Promise.all(this.addresses.map((_, index) => this.start(index)))
  }

  async stop(name: string): Promise<void> {
    await this.running.get(name)?.stop()
    this.running.delete(name)
  }

  channel(node: RunningNode): RpcChannel {
    const channel = openChannel(node.address, {})
    this.#channels.push(channel)
    return channel
  }

  /** Leader and the others, once the range serves everywhere. */
  async serving(count: number): Promise<{ leader: RunningNode; others: RunningNode[]; range: Range }> {
    return until(() => {
      const nodes = [...this.running.values()]
      const holders = nodes.filter((node) => rangeOf(node)?.confirmed)
      const leader = holders.find((node) => rangeOf(node)!.isLeader)
      if (!leader || holders.length < count) return null
      return { leader, others: nodes.filter((node) => node !== leader), range: rangeOf(leader)! }
    }, 'the cluster serves')
  }

  logged(part: string): boolean {
    return this.lines.some(({ message, fields }) => `${message} ${JSON.stringify(fields)}`.includes(part))
  }

  async close(): Promise<void> {
    for (const channel of this.#channels) channel.close()
    await Promise.all([...this.running.values()].map((node) => node.stop()))
    await rm(this.folder, { recursive: true, force: true })
  }

  #log(node: string): Log {
    const line = (message: string, fields: LogFields = {}) => void this.lines.push({ node, message, fields })
    const log: Log = { debug: line, info: line, warn: line, error: line, child: () => log }
    return log
  }
}

const rangeOf = (node: RunningNode): Range | undefined => [...node.stores.get(STORE)!.ranges][0]
const storeOf = (node: RunningNode): string => node.stores.get(STORE)!.id

let nodes: Nodes
afterEach(() => nodes.close())

const call = {
  put: (channel: RpcChannel, key: string, value: string) =>
    channel.unary(
      '/basekv.v1.KV/Put',
      v1.PutRequest.encode({ key: Buffer.from(key), value: Buffer.from(value) }).finish(),
      { deadlineMs: 10_000 },
    ),
  async get(channel: RpcChannel, key: string): Promise<string | undefined> {
    const body = v1.GetRequest.encode({ key: Buffer.from(key) }).finish()
    const { value } = v1.GetReply.decode(await channel.unary('/basekv.v1.KV/Get', body, { deadlineMs: 10_000 }))
    return value ? Buffer.from(value).toString() : undefined
  },
  async describe(channel: RpcChannel, metadata = {}) {
    const bytes = await channel.unary('/basekv.v1.BaseKVStore/Describe', new Uint8Array(0), {
      deadlineMs: 5_000,
      metadata,
    })
    return v1.DescribeReply.decode(bytes)
  },
  async transfer(channel: RpcChannel, request: v1.TransferLeadershipRequest.$Properties) {
    const body = v1.TransferLeadershipRequest.encode(request).finish()
    return v1.ManagementReply.decode(
      await channel.unary('/basekv.v1.BaseKVStore/TransferLeadership', body, { deadlineMs: 10_000 }),
    )
  },
  async change(channel: RpcChannel, request: v1.ChangeReplicaConfigRequest.$Properties) {
    const body = v1.ChangeReplicaConfigRequest.encode(request).finish()
    return v1.ManagementReply.decode(
      await channel.unary('/basekv.v1.BaseKVStore/ChangeReplicaConfig', body, { deadlineMs: 10_000 }),
    )
  },
}

describe('a cluster of three', () => {
  test('any node takes any request; a node that stops hands over, and one that comes back catches up', async () => {
    nodes = await Nodes.make(3)
    await nodes.startAll()
    const { leader, others } = await nodes.serving(3)
    const channels = [leader, ...others].map((node) => nodes.channel(node))
    for (const [i, channel] of channels.entries()) await call.put(channel, `k${i}`, `v${i}`)
    for (const channel of channels) for (const i of [0, 1, 2]) expect(await call.get(channel, `k${i}`)).toBe(`v${i}`)

    await nodes.stop(leader.name)
    const channel = nodes.channel(others[0]!)
    await call.put(channel, 'after', 'v')
    const { range } = await nodes.serving(2)
    const back = await nodes.start(Number(leader.name.slice(1)))
    await until(() => (rangeOf(back)?.describe().applied ?? 0) >= range.describe().commit, 'it catches up')
    expect(await call.get(nodes.channel(back), 'after')).toBe('v')
  })

  test('an operation at a node that cannot find a leader waits a moment, and then says so', async () => {
    nodes = await Nodes.make(3)
    const node = await nodes.start(0)
    await expect(call.put(nodes.channel(node), 'k', 'v')).rejects.toMatchObject({ code: 'TryLater' })
    const asked = call.put(nodes.channel(node), 'k', 'v')
    await Promise.all([nodes.start(1), nodes.start(2)])
    await asked
    expect(await call.get(nodes.channel(node), 'k')).toBe('v')
  })
})

describe('nodes that do not belong together', () => {
  test('of clusters with different names refuse each other', async () => {
    nodes = await Nodes.make(2)
    await nodes.start(0)
    await nodes.start(1, { cluster: 'others' })
    await until(() => nodes.logged('check cluster.name'), 'the refusal is told')
    expect(rangeOf(nodes.running.get('n0')!)).toBeUndefined()
  })

  test('of different epochs never merge', async () => {
    nodes = await Nodes.make(2)
    await nodes.start(0, { peers: [] })
    await nodes.start(1, { peers: [] })
    await nodes.serving(2)
    for (const name of ['n0', 'n1']) {
      await call.put(nodes.channel(nodes.running.get(name)!), 'k', name)
      await nodes.stop(name)
    }
    await nodes.startAll()
    await until(() => nodes.logged('two clusters never merge'), 'the refusal is told')
    for (const [name, node] of nodes.running) expect(await call.get(nodes.channel(node), 'k')).toBe(name)
  })

  test('with a copied data folder refuse each other', async () => {
    nodes = await Nodes.make(2)
    await nodes.start(0, { peers: [] })
    await nodes.serving(1)
    await nodes.stop('n0')
    await cp(join(nodes.folder, 'n0', 'stores'), join(nodes.folder, 'n1', 'stores'), { recursive: true })
    await nodes.startAll()
    await until(() => nodes.logged('one data folder is a copy of the other'), 'the refusal is told')
  })

  test('a node that is told to meet itself under another name says so', async () => {
    nodes = await Nodes.make(1)
    const [address] = nodes.addresses as [string]
    await nodes.start(0, { peers: [address, address.replace(HOST, 'localhost')] })
    await until(() => nodes.logged('this node dialled itself'), 'the refusal is told')
  })
})

describe('management', () => {
  test('Describe shows the store, its range, who leads, and the peers', async () => {
    nodes = await Nodes.make(3)
    await nodes.startAll()
    const { leader, others, range } = await nodes.serving(3)
    const described = await call.describe(nodes.channel(leader))
    expect(described.store).toMatchObject({ id: storeOf(leader), name: STORE, node: leader.name, epochConfirmed: true })
    expect(described.store!.ranges).toHaveLength(1)
    expect(described.store!.ranges![0]).toMatchObject({ id: range.id, role: 'Leader', leader: storeOf(leader) })
    expect(described.store!.attributes).toEqual({ zone: `zone-${nodes.addresses.indexOf(leader.address)}` })
    expect(Object.keys(described.store!.statistics!).sort()).toEqual([
      'cpu.usage',
      'disk.free',
      'disk.stalledMs',
      'disk.total',
    ])
    const [shown] = described.store!.ranges!
    expect(shown!.statistics).toMatchObject({ dataSize: 0, keys: 0 })
    expect(BigInt(shown!.hlc!)).toBeGreaterThan(0n)
    // What is written is counted soon.
    await call.put(nodes.channel(leader), 'key', 'value')
    await until(async () => {
      const again = await call.describe(nodes.channel(leader))
      return (
        again.store!.ranges![0]!.statistics!.keys === 1 && BigInt(again.store!.hlc!) > BigInt(described.store!.hlc!)
      )
    }, 'it is counted')
    const known = described.peers!.map((peer) => [peer.storeId, peer.connected])
    expect(known.sort()).toEqual(others.map((node) => [storeOf(node), true]).sort())
    await expect(call.describe(nodes.channel(leader), { store_name: 'dist.worker' })).rejects.toMatchObject({
      code: 'NotFound',
    })
  })

  test('leadership is transferred, whichever node is asked; what cannot be is refused', async () => {
    nodes = await Nodes.make(3)
    await nodes.startAll()
    const { leader, others, range } = await nodes.serving(3)
    const [a, b] = others as [RunningNode, RunningNode]
    const target = storeOf(a)
    const reply = await call.transfer(nodes.channel(b), { rangeId: range.id, storeId: target })
    expect(reply.code).toBe('Ok')
    await until(() => rangeOf(a)!.isLeader, 'it leads')

    const at = nodes.channel(a)
    expect(await call.transfer(at, { rangeId: range.id, storeId: target })).toMatchObject({ code: 'BadRequest' })
    const stranger = storeId('00000000-0000-4000-8000-00000000dead')
    expect(await call.transfer(at, { rangeId: range.id, storeId: stranger })).toMatchObject({ code: 'BadRequest' })
    expect(await call.transfer(at, { rangeId: range.id, storeId: 'nonsense' })).toMatchObject({ code: 'BadRequest' })
    await expect(call.transfer(at, { rangeId: 'nonsense', storeId: target })).rejects.toMatchObject({
      code: 'BadRequest',
    })
    await expect(call.transfer(at, { rangeId: '1_99', storeId: target })).rejects.toMatchObject({ code: 'TryLater' })
    await expect(
      at.unary('/basekv.v1.BaseKVStore/TransferLeadership', Buffer.from([0x0a, 0x7f]), { deadlineMs: 5_000 }),
    ).rejects.toMatchObject({ code: 'BadRequest' })
    await nodes.stop(leader.name)
    const gone = await call.transfer(at, { rangeId: range.id, storeId: storeOf(leader) })
    expect(gone).toMatchObject({ code: 'TryLater' })
  })

  test('replicas are changed at an exact version, wherever it is asked', async () => {
    nodes = await Nodes.make(3)
    await nodes.startAll()
    const { leader, others, range } = await nodes.serving(3)
    const [a, b] = others as [RunningNode, RunningNode]
    const { ver } = range.describe()
    const voters = [storeOf(leader), storeOf(a)]
    const at = nodes.channel(b)
    const removed = await call.change(at, { rangeId: range.id, verHigh: ver.high, verLow: ver.low, voters })
    expect(removed.code).toBe('Ok')
    expect([...removed.range!.config!.voters!].sort()).toEqual([...voters].sort())
    await until(() => rangeOf(b) === undefined, 'the removed one is told')

    const late = await call.change(at, { rangeId: range.id, verHigh: 0, verLow: 1, voters: [...voters, storeOf(b)] })
    expect(late.code).toBe('BadVersion')
    expect(late.range!.verLow).toBeGreaterThan(1)
    const { verHigh, verLow } = late.range!
    const back = await call.change(at, {
      rangeId: range.id,
      verHigh: verHigh ?? 0,
      verLow: verLow ?? 0,
      voters: [...voters, storeOf(b)],
    })
    expect(back.code).toBe('Ok')
    await until(() => rangeOf(b)?.confirmed, 'it is back')
    expect(await call.change(at, { rangeId: range.id, voters: [] })).toMatchObject({ code: 'BadRequest' })
    await call.put(at, 'k', 'v')
    expect(await call.get(at, 'k')).toBe('v')
  })
})
