/**
 * Nodes in this process that speak the real protocol over real sockets and share one map. What each operation meets is
 * decided by `fate`; `applied` records every write that took effect, so that a test can hold the client to its word.
 */
import { KvError, silentLog } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import { type BidiStream, type ReplyStream, type RpcServer, type ServiceTable, startRpcServer } from '@base-kv/rpc'
import { createServer, type Server, type Socket } from 'node:net'

export type Fate =
  | { readonly kind: 'answer' }
  | { readonly kind: 'answerLater'; readonly after: Promise<void> }
  | { readonly kind: 'refuse'; readonly code: v1.ReplyCode }
  /** Applied, and then the answer is "unknown" or never comes. */
  | { readonly kind: 'applyAndSayUnknown' }
  | { readonly kind: 'sayUnknown' }
  | { readonly kind: 'applyAndBreak' }
  | { readonly kind: 'break' }
  | { readonly kind: 'silence'; readonly applied: boolean }
  /** Says where the range is, as one does that was sent an old position. */
  | { readonly kind: 'correct'; readonly code: v1.ReplyCode; readonly position: number }

export interface SeenOp {
  readonly node: FakeNode
  readonly kind: string
  readonly key: string
  readonly value: string
  readonly client: string | undefined
  readonly sequence: number
  readonly seen: number
  readonly retry: boolean
}

export const answer: Fate = { kind: 'answer' }

export class FakeCluster {
  readonly nodes: FakeNode[] = []
  readonly map = new Map<string, Buffer>()
  /** Values of the writes that took effect, in order. */
  readonly applied: string[] = []
  /** First answers, by client and sequence: what a range remembers. */
  readonly remembered = new Map<string, Uint8Array>()
  /** What nodes say of their range's position. */
  position = 0
  fate: (op: SeenOp) => Fate = () => answer
  leader = 0
  term = 1
  /** What nodes that do not lead do with an operation. */
  followersForward = true
  /** Whether answers name a better place. */
  tellsLeader = true

  static async start(count: number, change?: (cluster: FakeCluster) => void): Promise<FakeCluster> {
    const cluster = new FakeCluster()
    change?.(cluster)
    for (let i = 0; i < count; i++) cluster.nodes.push(await FakeNode.start(cluster, i))
    return cluster
  }

  get endpoints(): string[] {
    return this.nodes.map(({ address }) => address)
  }

  moveLeader(to: number): void {
    this.leader = to
    this.term++
  }

  isStopped = false

  async stop(): Promise<void> {
    this.isStopped = true
    await Promise.all(this.nodes.map((node) => node.restart()))
  }
}

export class FakeNode {
  readonly cluster: FakeCluster
  readonly index: number
  /** What it advertises; `address` unless a test sets another. */
  advertised = ''
  address = ''
  frames = 0
  ops = 0
  #server: RpcServer | undefined
  #restarted = Promise.resolve()

  constructor(cluster: FakeCluster, index: number) {
    this.cluster = cluster
    this.index = index
  }

  static async start(cluster: FakeCluster, index: number): Promise<FakeNode> {
    const node = new FakeNode(cluster, index)
    await node.revive('127.0.0.1:0')
    return node
  }

  get storeId(): string {
    return `00000000-0000-4000-8000-00000000000${this.index}`
  }

  get leads(): boolean {
    return this.cluster.leader === this.index
  }

  async revive(bind = this.address): Promise<void> {
    this.#server = await startRpcServer({ bind, services: [this.#services()], log: silentLog })
    this.address = this.#server.address
    if (this.advertised === '') this.advertised = this.address
  }

  /** Connections break, the port is free. */
  async kill(): Promise<void> {
    await this.#server?.close(0)
    this.#server = undefined
  }

  /** Crashes, and is there again at once. */
  restart(): Promise<void> {
    this.#restarted = this.#restarted.then(async () => {
      await this.kill()
      if (!this.cluster.isStopped) await this.revive()
    })
    return this.#restarted
  }

  describe(): v1.DescribeReply.$Properties {
    const { cluster } = this
    const leader = cluster.nodes[cluster.leader]
    return {
      store: {
        id: this.storeId,
        name: 'kv.store',
        node: `n${this.index + 1}`,
        address: this.advertised,
        epoch: '1',
        epochConfirmed: true,
        ranges: [
          {
            id: '1_1',
            verHigh: 1,
            verLow: 0,
            state: 'Normal',
            role: this.leads ? 'Leader' : 'Follower',
            term: cluster.term,
            leader: leader?.storeId ?? '',
            requestPosition: cluster.position,
            config: { voters: cluster.nodes.map(({ storeId }) => storeId) },
          },
        ],
      },
      peers: cluster.nodes
        .filter((node) => node !== this)
        .map((node) => ({ storeId: node.storeId, node: `n${node.index + 1}`, address: node.advertised })),
    }
  }

  #services(): ServiceTable {
    return {
      unary: {
        '/basekv.v1.BaseKVStore/Describe': (_, __, reply) =>
          reply(null, v1.DescribeReply.encode(this.describe()).finish()),
        '/basekv.v1.BaseKVStore/TransferLeadership': (request, _, reply) => {
          const { storeId } = v1.TransferLeadershipRequest.decode(request)
          const to = this.cluster.nodes.findIndex((node) => node.storeId === storeId)
          if (this.leads && to >= 0) this.cluster.moveLeader(to)
          const code = this.leads || this.cluster.leader === to ? 'Ok' : 'TryLater'
          const [range] = this.describe().store?.ranges ?? []
          reply(null, v1.ManagementReply.encode({ code, message: code, ...(range && { range }) }).finish())
        },
      },
      serverStream: { '/basekv.v1.KV/Scan': (request, _, stream) => this.#scan(request, stream) },
      bidi: {
        '/basekv.v1.KV/Pipeline': (call, stream) => {
          stream.onMessage = (request) => this.#frame(request, call.get('client_id'), stream)
          stream.onEnd = () => stream.end()
        },
      },
    }
  }

  #frame(request: Buffer, client: string | undefined, stream: BidiStream): void {
    this.frames++
    const results: v1.PipelineResult.$Properties[] = []
    for (const op of v1.PipelineRequest.decode(request).ops) {
      this.ops++
      const result = this.#one(op, client, stream)
      if (result === 'break') {
        // What was answered before in this frame is on its way, the rest is lost.
        if (results.length > 0) stream.write(v1.PipelineReply.encode({ results }).finish())
        stream.onMessage = () => {}
        void this.restart()
        return
      }
      if (result !== undefined) results.push(result)
    }
    if (results.length > 0) stream.write(v1.PipelineReply.encode({ results }).finish())
  }

  #one(
    op: v1.PipelineOp.$Properties,
    client: string | undefined,
    stream: BidiStream,
  ): v1.PipelineResult.$Properties | 'break' | undefined {
    const id = op.id ?? 0
    const { cluster } = this
    const leader = this.leads || !cluster.tellsLeader ? '' : (cluster.nodes[cluster.leader]?.advertised ?? '')
    if (!this.leads && !cluster.followersForward) return { id, code: v1.ReplyCode.TRY_LATER, message: 'no', leader }
    const kind = KINDS.find((name) => op[name]) ?? 'none'
    const body = (op.put ?? op.get ?? op.delete ?? op.compareAndSet ?? op.batch?.ops?.[0]?.put ?? {}) as {
      key?: Uint8Array
      value?: Uint8Array
    }
    const fate = cluster.fate({
      node: this,
      kind,
      key: text(body.key),
      value: text(body.value),
      client,
      sequence: op.sequence ?? 0,
      seen: op.seen ?? 0,
      retry: op.retry ?? false,
    })
    const apply = (): Uint8Array => this.#applyOnce(op, client)
    switch (fate.kind) {
      case 'answer':
        return { id, reply: apply(), leader }
      case 'answerLater':
        void fate.after.then(() =>
          stream.write(v1.PipelineReply.encode({ results: [{ id, reply: apply() }] }).finish()),
        )
        return undefined
      case 'refuse':
        return { id, code: fate.code, message: 'refused on purpose', hint: 'wait', leader }
      case 'applyAndSayUnknown':
        apply()
        return { id, code: v1.ReplyCode.OUTCOME_UNKNOWN, message: 'deposed' }
      case 'sayUnknown':
        return { id, code: v1.ReplyCode.OUTCOME_UNKNOWN, message: 'deposed' }
      case 'applyAndBreak':
        apply()
        return 'break'
      case 'break':
        return 'break'
      case 'silence':
        if (fate.applied) apply()
        return undefined
      case 'correct':
        return { id, code: fate.code, message: 'of an old position', position: fate.position }
    }
  }

  #applyOnce(op: v1.PipelineOp.$Properties, client: string | undefined): Uint8Array {
    if (!client || !op.sequence) return this.#apply(op)
    const { remembered } = this.cluster
    const name = `${client} ${op.sequence}`
    const reply = remembered.get(name) ?? this.#apply(op)
    remembered.set(name, reply)
    return reply
  }

  #apply(op: v1.PipelineOp.$Properties): Uint8Array {
    const { map, applied } = this.cluster
    const put = (key: Uint8Array | null | undefined, value: Uint8Array | null | undefined): void => {
      map.set(text(key), Buffer.from(value ?? []))
      applied.push(text(value))
    }
    if (op.put) put(op.put.key, op.put.value)
    if (op.delete) map.delete(text(op.delete.key))
    if (op.get) {
      const value = map.get(text(op.get.key))
      return v1.GetReply.encode(value === undefined ? {} : { value }).finish()
    }
    if (op.compareAndSet) {
      const { key, expect, value } = op.compareAndSet
      const current = map.get(text(key))
      const succeeded = expect ? current !== undefined && current.equals(expect) : current === undefined
      if (succeeded) put(key, value)
      return v1.CompareAndSetReply.encode({
        succeeded,
        ...(!succeeded && current && { current }),
      }).finish()
    }
    for (const one of op.batch?.ops ?? []) {
      if (one.put) put(one.put.key, one.put.value)
      else map.delete(text(one.delete?.key))
    }
    return new Uint8Array()
  }

  /** How many pages a scan sends before it breaks; Infinity: it does not. */
  pagesBeforeBreak = Infinity

  #scan(request: Buffer, stream: ReplyStream): void {
    const { start, end, limit, keysOnly } = v1.ScanRequest.decode(request)
    const keys = [...this.cluster.map.keys()].sort().filter((key) => {
      return (!start || key >= text(start)) && (!end || key < text(end))
    })
    const wanted = limit > 0 ? keys.slice(0, limit) : keys
    for (let at = 0; at < wanted.length; at += 3) {
      if (this.pagesBeforeBreak-- <= 0) {
        this.pagesBeforeBreak = Infinity
        return stream.fail(new KvError('TryLater', 'broken on purpose'))
      }
      const items = wanted.slice(at, at + 3).map((key) => ({
        key: Buffer.from(key),
        ...(!keysOnly && { value: this.cluster.map.get(key) ?? Buffer.alloc(0) }),
      }))
      stream.write(v1.ScanPage.encode({ items }).finish())
    }
    stream.end()
  }
}

const KINDS = ['put', 'get', 'delete', 'compareAndSet', 'batch', 'scan'] as const

const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('latin1')

/** A TCP server that is no node: `answer` decides what it says. */
export async function strangeServer(
  answerTo: (socket: Socket) => void,
): Promise<{ address: string; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    answerTo(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0
  return {
    address: `127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}
