/** A cluster of real processes, started and driven through the command line. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ClientOptions, type KvClient, openClient } from '@base-kv/client'
import { type CliOptions, type Ended, ownEnvironment, runCli } from './cli.ts'
import { freeBasePort } from './free-ports.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

interface ClusterNode {
  readonly name: string
  readonly pid: number
  readonly rpc: string
  readonly admin: string
}

interface Replica {
  readonly node: string
  readonly appliedIndex: number
  readonly role: string
}

export interface Range {
  readonly id: string
  readonly leader: { readonly node: string; readonly store: string } | null
  readonly ver: number
  readonly startKeyBase64: string | null
  readonly endKeyBase64: string | null
  readonly appliedIndex: number
  readonly voters: readonly { readonly node: string; readonly store: string }[]
  readonly replicas: readonly Replica[]
}

export class TestCluster implements AsyncDisposable {
  readonly folder: string
  readonly basePort: number
  readonly endpoints: readonly string[]
  readonly #remove: () => void
  readonly #env: Readonly<Record<string, string>>

  private constructor(
    folder: string,
    basePort: number,
    count: number,
    env: Record<string, string>,
    remove: () => void,
  ) {
    this.folder = folder
    this.basePort = basePort
    this.endpoints = Array.from({ length: count }, (_, i) => `127.0.0.1:${basePort + i + 1}`)
    this.#env = env
    this.#remove = remove
  }

  /** `cluster up --detach`; returns when it is ready. */
  static async up({
    nodes = 3,
    env = {},
    ranges,
  }: { nodes?: number; env?: Record<string, string>; ranges?: number } = {}): Promise<TestCluster> {
    const { path, remove } = temporaryFolder()
    const cluster = new TestCluster(path, await freeBasePort(nodes), nodes, env, remove)
    const args = ['cluster', 'up', '--detach', '--nodes', String(nodes), '--base-port', String(cluster.basePort)]
    if (ranges !== undefined) args.push('--ranges', String(ranges))
    const { code, stdout, stderr } = await cluster.run(args)
    if (code === 0) return cluster
    remove()
    throw new Error(`cluster up: exit code ${code}\n${stdout}\n${stderr}`)
  }

  /** Any command, at this cluster. */
  run(args: readonly string[], options: CliOptions = {}): Promise<Ended> {
    return runCli(args, { ...options, env: { ...this.environment, ...options.env } })
  }

  get environment(): Record<string, string> {
    return {
      ...ownEnvironment(),
      ...this.#env,
      BASE_KV_DATA: this.folder,
      BASE_KV_ENDPOINTS: this.endpoints.join(','),
    }
  }

  /** The same, for what must succeed. @returns standard output */
  async ok(args: readonly string[], options?: CliOptions): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, options)
    if (code !== 0) throw new Error(`base-kv ${args.join(' ')}: exit code ${code}\n${stdout}\n${stderr}`)
    return stdout
  }

  client(options: Partial<ClientOptions> = {}): KvClient {
    return openClient({ endpoints: this.endpoints, timeoutMs: 10_000, ...options })
  }

  nodes(): readonly ClusterNode[] {
    const file = JSON.parse(readFileSync(join(this.folder, 'cluster.json'), 'utf8')) as { nodes: ClusterNode[] }
    return file.nodes
  }

  node(name: string): ClusterNode {
    const node = this.nodes().find((one) => one.name === name)
    if (!node) throw new Error(`no node ${name}`)
    return node
  }

  signal(name: string, signal: NodeJS.Signals): void {
    process.kill(this.node(name).pid, signal)
  }

  /** As `range list` shows it. */
  async range(): Promise<Range> {
    const [range] = await this.ranges()
    if (!range) throw new Error('no range')
    return range
  }

  async ranges(): Promise<Range[]> {
    return JSON.parse(await this.ok(['range', 'list', '-o', 'json', '--timeout', '2s'])) as Range[]
  }

  async leader(): Promise<string> {
    return until('there is a leader', async () => (await this.range()).leader?.node)
  }

  /** Until the replica on that node has applied everything that the leader has. */
  async caughtUp(name: string): Promise<void> {
    await until(`${name} has caught up`, async () => {
      const range = await this.range()
      const replica = range.replicas.find((one) => one.node === name)
      return range.leader !== null && replica !== undefined && replica.appliedIndex >= range.appliedIndex
    })
  }

  logText(name: string): string {
    return readFileSync(join(this.folder, name, 'node.log'), 'utf8')
  }

  async close(): Promise<void> {
    for (const { pid } of this.nodes()) resumeIfThere(pid)
    await this.run(['cluster', 'down'])
    this.#remove()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function resumeIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT')
  } catch {
    // It has ended.
  }
}

/** Whether a process with this id runs (a zombie does not). */
export function runs(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
  } catch {
    return false
  }
}
