/** Three etcd processes, with their defaults but for the room on disk; asked through their JSON gateway. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { KvError } from '@base-kv/base'
import type { Child, Children } from './children.ts'
import { freePorts } from './free-ports.ts'
import type { LoadResult } from './h2load.ts'
import type { Counted, Leader, System } from './system.ts'
import type { CallKind } from './suites.ts'
import { until } from './until.ts'

const METHODS: Readonly<Record<CallKind, string>> = { put: 'Put', get: 'Range', batch: 'Txn' }
const START_WITHIN_MS = 20_000
/** Every put of a run stays in etcd's history; its default quota of 2 GB would end a longer run. */
const QUOTA_BYTES = 16 * 1024 ** 3

interface Status {
  readonly header: { readonly member_id: string }
  readonly leader?: string
}

export async function startEtcd(children: Children): Promise<System> {
  const version =
    /etcd Version: (\S+)/.exec(execFileSync('etcd', ['--version'], { encoding: 'utf8' }))?.[1] ?? 'unknown'
  const ports = await freePorts(6)
  const members = [0, 1, 2].map((at) => ({
    name: `etcd${at + 1}`,
    url: `http://127.0.0.1:${ports[2 * at]}`,
    peerUrl: `http://127.0.0.1:${ports[2 * at + 1]}`,
  }))
  const initial = members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(',')
  const nodes = members.map(({ name, url, peerUrl }) =>
    children.start(name, 'etcd', [
      `--name=${name}`,
      `--data-dir=${join(children.folder, name)}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=${initial}`,
      '--initial-cluster-state=new',
      `--quota-backend-bytes=${QUOTA_BYTES}`,
      '--logger=zap',
      '--log-level=error',
    ]),
  )
  const system = new EtcdCluster(
    version,
    nodes,
    members.map(({ url }) => url),
  )
  await until('a leader of etcd', START_WITHIN_MS, async () => {
    for (const node of nodes) node.check()
    await system.leader()
    await system.put(Buffer.from('ready'), Buffer.from('yes'))
    return true
  })
  return system
}

class EtcdCluster implements System {
  readonly side = 'etcd'
  readonly version: string
  readonly nodes: readonly Child[]
  readonly #urls: readonly string[]

  constructor(version: string, nodes: readonly Child[], urls: readonly string[]) {
    this.version = version
    this.nodes = nodes
    this.#urls = urls
  }

  async leader(): Promise<Leader> {
    for (const [at, url] of this.#urls.entries()) {
      const node = this.nodes[at] as Child
      node.check()
      const { header, leader } = (await post(`${url}/v3/maintenance/status`, {})) as Status
      if (leader !== undefined && leader !== '0' && leader === header.member_id) return { node, url }
    }
    throw new KvError('TryLater', 'etcd has no leader')
  }

  callPath(kind: CallKind): string {
    return `/etcdserverpb.KV/${METHODS[kind]}`
  }

  /** By the leader's own counter of calls that it ended with status OK. */
  async countAcknowledged(kind: CallKind, leader: Leader, load: () => Promise<LoadResult>): Promise<Counted> {
    const metric = `grpc_server_handled_total{grpc_code="OK",grpc_method="${METHODS[kind]}",`
    const before = await this.#metric(leader.url, metric)
    const result = await load()
    const after = await this.#metric(leader.url, metric)
    return { load: result, acknowledged: Math.min(result.answered, after - before) }
  }

  async syncEvidence(): Promise<string> {
    const syncs = await Promise.all(
      this.#urls.map((url) => this.#metric(url, 'etcd_disk_wal_fsync_duration_seconds_count')),
    )
    return `started without --unsafe-no-fsync; its nodes counted ${syncs.join(', ')} syncs of their write-ahead logs in this run`
  }

  async put(key: Buffer, value: Buffer): Promise<void> {
    await post(`${this.#urls[0]}/v3/kv/put`, { key: key.toString('base64'), value: value.toString('base64') })
  }

  async get(key: Buffer): Promise<Buffer | undefined> {
    const reply = (await post(`${this.#urls[0]}/v3/kv/range`, { key: key.toString('base64') })) as {
      kvs?: { value: string }[]
    }
    const value = reply.kvs?.[0]?.value
    return value === undefined ? undefined : Buffer.from(value, 'base64')
  }

  async close(): Promise<void> {}

  async #metric(url: string, prefix: string): Promise<number> {
    const text = await (await fetch(`${url}/metrics`)).text()
    const line = text.split('\n').find((each) => each.startsWith(prefix))
    if (line === undefined) throw new KvError('InternalError', `etcd counts no ${prefix}`)
    return Number(line.slice(line.lastIndexOf(' ') + 1))
  }
}

async function post(url: string, body: object): Promise<unknown> {
  const reply = await fetch(url, { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(5_000) })
  const text = await reply.text()
  if (!reply.ok) throw new KvError('TryLater', `etcd answered ${reply.status}: ${text.slice(0, 200)}`)
  return JSON.parse(text)
}
