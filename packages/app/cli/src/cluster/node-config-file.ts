import { mkdirSync, writeFileSync } from 'node:fs'
import { configPath, nodeFolder } from './cluster-folder.ts'

export interface NodeConfigFile {
  readonly name: string
  readonly rpc: string
  readonly admin: string
  /** gRPC addresses of all nodes. */
  readonly seeds: readonly string[]
  /** How many nodes begin the cluster; 0: it only joins. */
  readonly expect: number
}

/** Writes `node.yaml`; what stands there is what `base-kv node start` reads, and a user may copy. */
export function writeNodeConfig(folder: string, node: NodeConfigFile): void {
  mkdirSync(nodeFolder(folder, node.name), { recursive: true })
  const text = `# Written by \`base-kv cluster\`. Paths are relative to this file.
node:
  name: ${node.name}
cluster:
  name: local
  seeds: [${node.seeds.map((seed) => `"${seed}"`).join(', ')}]
bootstrap:
  expect: ${node.expect}
stores: [kv.store]
dataDir: data
rpc:
  bind: "${node.rpc}"
admin:
  bind: "${node.admin}"
`
  writeFileSync(configPath(folder, node.name), text)
}
