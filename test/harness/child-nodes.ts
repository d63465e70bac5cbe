/** A cluster whose nodes are children of the test itself: it hears by which signal each ends, and starts each as it likes. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type KvClient, openClient } from '@base-kv/client'
import { clusterView, type RangeView } from '../../packages/app/cli/src/cluster-view.ts'
import { type RunningCli, startCli } from './cli.ts'
import { freeBasePort } from './free-ports.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

/** Also on a machine that has other things to do. */
const WHOLE_WITHIN_MS = 60_000

export class ChildNodes implements AsyncDisposable {
  readonly names: readonly string[]
  readonly endpoints: readonly string[]
  readonly client: KvClient
  readonly #folder = temporaryFolder()
  readonly #nodes = new Map<string, RunningCli>()

  private constructor(count: number, basePort: number) {
    this.names = Array.from({ length: count }, (_, i) => `n${i + 1}`)
    this.endpoints = this.names.map((_, i) => `127.0.0.1:${basePort + i + 1}`)
    this.client = openClient({ endpoints: this.endpoints, timeoutMs: 20_000, unreachablePatienceMs: 20_000 })
    for (const [i, name] of this.names.entries()) {
      mkdirSync(join(this.#folder.path, name))
      const yaml = `node: { name: ${name} }
cluster: { name: children, peers: [${this.endpoints.map((one) => `"${one}"`).join(', ')}] }
bootstrap: { expect: ${count} }
dataDir: data
rpc: { bind: "${this.endpoints[i]}" }
storage: { ballastBytes: 0 }
`
      writeFileSync(join(this.#folder.path, name, 'node.yaml'), yaml)
    }
  }

  /** Nothing runs yet. */
  static async configure(count: number): Promise<ChildNodes> {
    return new ChildNodes(count, await freeBasePort(count))
  }

  start(name: string, env: Readonly<Record<string, string>> = {}): RunningCli {
    const file = join(this.#folder.path, name, 'node.yaml')
    const node = startCli(['node', 'start', '--config', file], { env, withinMs: 300_000 })
    this.#nodes.set(name, node)
    return node
  }

  async ranges(): Promise<readonly RangeView[]> {
    return clusterView(await this.client.describe({ timeoutMs: 5_000 })).ranges
  }

  /** Keys without gap or overlap, a leader each, nothing under way, and every voter has what its range had when this began. */
  async whole(within: { readonly until?: () => boolean } = {}): Promise<void> {
    const wanted = new Map<string, number>()
    const probe = async () => {
      if (within.until?.()) return true
      const ranges = await this.ranges()
      for (const { id, appliedIndex } of ranges) if (!wanted.has(id)) wanted.set(id, appliedIndex)
      const lacking = ranges.filter(({ id, voters, replicas, leader, state }) => {
        const has = (node: string) =>
          replicas.some((one) => one.node === node && one.appliedIndex >= (wanted.get(id) ?? Infinity))
        return leader === null || state !== 'Normal' || !voters.every(({ node }) => has(node))
      })
      if (coverAll(ranges) && lacking.length === 0) return true
      throw new Error(
        lacking.length > 0 ? lacking.map(inWords).join('; ') : `keys without a range: ${boundaries(ranges)}`,
      )
    }
    await until('all ranges are whole', probe, WHOLE_WITHIN_MS)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close()
    for (const { child } of this.#nodes.values()) child.kill('SIGKILL')
    await Promise.all([...this.#nodes.values()].map(({ ended }) => ended))
    this.#folder.remove()
  }
}

const text = (key: Uint8Array | null | undefined) => (key ? Buffer.from(key).toString() : '')

const boundaries = (ranges: readonly RangeView[]): string =>
  ranges.map(({ startKey, endKey }) => `[${text(startKey)}, ${text(endKey)})`).join(' ')

function inWords({ id, leader, state, voters, learners, replicas }: RangeView): string {
  const names = (members: readonly { readonly node: string }[]) => members.map(({ node }) => node).join(',')
  const applied = replicas.map(({ node, appliedIndex }) => `${node}=${appliedIndex}`).join(' ')
  return `${id} ${state}, led by ${leader?.node ?? 'nobody'}, voters ${names(voters)}, learners ${names(learners)}, applied ${applied}`
}

function coverAll(ranges: readonly RangeView[]): boolean {
  const ends = ['', ...ranges.map(({ endKey }) => text(endKey))]
  return ranges.length > 0 && ends.pop() === '' && ranges.every(({ startKey }, i) => text(startKey) === ends[i])
}
