/** Three base-kv processes, started as a user starts them: `base-kv node start --config FILE`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { KvError } from '@base-kv/base'
import { type KvClient, openClient } from '@base-kv/client'
import { VALUE_BYTES } from './call-body.ts'
import type { Child, Children } from './children.ts'
import { freePorts } from './free-ports.ts'
import type { LoadResult } from './h2load.ts'
import type { Counted, Leader, System } from './system.ts'
import type { CallKind } from './suites.ts'
import { until } from './until.ts'

const METHODS: Readonly<Record<CallKind, string>> = { put: 'Put', get: 'Get', batch: 'Batch' }
const START_WITHIN_MS = 20_000

/** The frame's 5 bytes, and the message: empty, or a value of 256 bytes with its 3 bytes of tag and length. */
const REPLY_BYTES: Readonly<Record<CallKind, number>> = { put: 5, batch: 5, get: 5 + 3 + VALUE_BYTES }

export interface OurSystem extends System {
  readonly endpoints: readonly string[]
  /** Starts the processes anew on their data, after the former ones have ended. */
  startAgain(): OurSystem
}

/** `prefix` of the nodes' names and folders: two clusters may run beside each other. */
export async function startOurs(children: Children, clone: string, prefix = 'n'): Promise<OurSystem> {
  // As a user starts a node: the command becomes the node, under the same process id.
  const cli = join(clone, 'bin/base-kv.mjs')
  if (!existsSync(cli)) throw new KvError('BadConfig', `${cli} is not there`, { hint: 'run from a clone of base-kv' })
  const { version } = JSON.parse(readFileSync(join(clone, 'package.json'), 'utf8')) as { version: string }
  const ports = await freePorts(6)
  const addresses = ports.slice(0, 3).map((port) => `127.0.0.1:${port}`)
  const files = addresses.map((address, at) => {
    const name = `${prefix}${at + 1}`
    const file = join(children.folder, `${name}.yaml`)
    writeFileSync(
      file,
      `node: { name: ${name} }
cluster: { name: bench, seeds: [${addresses.map((each) => `"${each}"`).join(', ')}] }
bootstrap: { expect: 3 }
dataDir: ${name}
rpc: { bind: "${address}" }
admin: { bind: "127.0.0.1:${ports[3 + at]}" }
log: { level: warn }
`,
    )
    return { name, file }
  })
  const start = (): OurCluster => {
    const nodes = files.map(({ name, file }) =>
      children.start(name, process.execPath, [cli, 'node', 'start', '--config', file], children.folder),
    )
    const client = openClient({ endpoints: addresses, timeoutMs: 5_000 })
    return new OurCluster(version, nodes, addresses, client, start)
  }
  const system = start()
  const { nodes, client } = system
  await until('a leader of base-kv', START_WITHIN_MS, async () => {
    for (const node of nodes) node.check()
    await system.leader()
    await client.put('ready', 'yes')
    return true
  })
  return system
}

class OurCluster implements OurSystem {
  readonly side = 'ours'
  readonly version: string
  readonly nodes: readonly Child[]
  readonly endpoints: readonly string[]
  readonly client: KvClient
  readonly startAgain: () => OurCluster

  constructor(
    version: string,
    nodes: readonly Child[],
    endpoints: readonly string[],
    client: KvClient,
    startAgain: () => OurCluster,
  ) {
    this.startAgain = startAgain
    this.version = version
    this.nodes = nodes
    this.endpoints = endpoints
    this.client = client
  }

  async leader(): Promise<Leader> {
    for (const node of this.nodes) node.check()
    const { nodes, ranges } = await this.client.describe({ timeoutMs: 2_000 })
    const store = nodes.find((node) => node.store?.id !== undefined && node.store.id === ranges[0]?.leader)?.store
    const node = this.nodes.find(({ pid }) => pid === store?.pid)
    if (!node || !store?.address) throw new KvError('TryLater', 'base-kv has no leader')
    return { node, url: `http://${store.address}` }
  }

  callPath(kind: CallKind): string {
    return `/basekv.v1.KV/${METHODS[kind]}`
  }

  /** By the bytes of the replies: one that succeeded has a message of known length, a refusal has none. */
  async countAcknowledged(kind: CallKind, _leader: Leader, load: () => Promise<LoadResult>): Promise<Counted> {
    const result = await load()
    return { load: result, acknowledged: Math.min(result.answered, Math.floor(result.replyBytes / REPLY_BYTES[kind])) }
  }

  async syncEvidence(): Promise<string> {
    return 'always: no setting turns it off; a write is acknowledged only after a synced LevelDB write of a majority'
  }

  async put(key: Buffer, value: Buffer): Promise<void> {
    await this.client.put(key, value)
  }

  async get(key: Buffer): Promise<Buffer | undefined> {
    const value = await this.client.get(key)
    return value && Buffer.from(value)
  }

  async close(): Promise<void> {
    this.client.close()
  }
}
