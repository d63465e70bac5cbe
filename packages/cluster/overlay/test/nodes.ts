/** Overlays on real sockets of this machine, each with the gRPC server that a node has. */
import { randomInt, randomUUID } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { type Clock, hostId, type Log, type LogFields, type Timers } from '@base-kv/base'
import { type RpcServer, startRpcServer } from '@base-kv/rpc'
import { type DescribedStore, Overlay, type OverlayOptions } from '../src/index.ts'

const clock: Clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() }
const timers: Timers = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    return () => clearTimeout(timer)
  },
}

export interface TestNode {
  readonly overlay: Overlay
  readonly address: string
  readonly host: string
  readonly lines: string[]
  stores: DescribedStore[]
  kill(): Promise<void>
  leave(): Promise<void>
}

const running = new Set<TestNode>()

export async function startNode(options: Partial<OverlayOptions> & { readonly bind?: string } = {}): Promise<TestNode> {
  const bind = options.bind ?? `127.0.0.1:${await freePort()}`
  const host = hostId(randomUUID())
  const lines: string[] = []
  const log = collect(lines)
  const store = { id: randomUUID(), hostId: host, name: 'kv.store', node: bind, address: bind }
  const overlay = new Overlay(
    { cluster: 'test', seeds: [], secret: null, address: bind, ...options, host },
    { clock, timers, random: { below: (bound) => randomInt(bound) }, log, describe: () => node.stores },
  )
  const server: RpcServer = await startRpcServer({ bind, services: [overlay.service], log })
  const stop = async (): Promise<void> => {
    running.delete(node)
    await server.close(0)
  }
  const node: TestNode = {
    overlay,
    address: bind,
    host,
    lines,
    stores: [store],
    async kill() {
      await overlay.close()
      await stop()
    },
    async leave() {
      await overlay.leave()
      await stop()
    },
  }
  running.add(node)
  await overlay.start(server.address).catch(async (thrown: unknown) => {
    await node.kill()
    throw thrown
  })
  return node
}

/** `count` nodes that know the first one; all know all. */
export async function startCluster(count: number, options: Partial<OverlayOptions> = {}): Promise<TestNode[]> {
  const first = await startNode(options)
  const others = Array.from({ length: count - 1 }, () => startNode({ ...options, seeds: [first.address] }))
  const nodes = [first, ...(await Promise.all(others))]
  await until(() => nodes.every((node) => alive(node).length === count))
  return nodes
}

export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((node) => node.kill()))
}

export const alive = (node: TestNode): string[] =>
  node.overlay
    .members()
    .filter(({ state }) => state === 'alive')
    .map(({ address }) => address)
    .sort()

export const stateOf = (seer: TestNode, of: TestNode): string | undefined =>
  seer.overlay.members().find(({ host }) => host === of.host)?.state

/** @returns milliseconds that it took */
export async function until(fits: () => boolean, withinMs = 20_000): Promise<number> {
  const begun = performance.now()
  while (!fits()) {
    if (performance.now() - begun > withinMs) throw new Error('waited too long')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return performance.now() - begun
}

/** Free for TCP and UDP, and below those that the system gives away by itself. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 30_000)
    if ((await isFreeForTcp(port)) && (await isFreeForUdp(port))) return port
  }
}

function isFreeForTcp(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}

function isFreeForUdp(port: number): Promise<boolean> {
  const socket = createSocket('udp4')
  return new Promise((resolve) => {
    socket.once('error', () => {
      socket.close()
      resolve(false)
    })
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)))
  })
}

function collect(lines: string[]): Log {
  const say = (message: string, fields?: LogFields) => void lines.push(`${message} ${JSON.stringify(fields ?? {})}`)
  const log: Log = { debug() {}, info: say, warn: say, error: say, child: () => log }
  return log
}
