/**
 * A local cluster lives in one folder: `cluster.json` (who runs, and where), and for each node a folder with its
 * configuration, its log and its data. The file outlives the processes: whether one runs is asked of the system.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { KvError } from '@base-kv/base'
import { bootId, identify, isAlive, type ProcessIdentity } from './process-identity.ts'

export interface ClusterNode extends ProcessIdentity {
  readonly name: string
  /** host:port of gRPC. */
  readonly rpc: string
  /** host:port that the admin API will have. */
  readonly admin: string
}

export interface ClusterFile {
  readonly nodes: readonly ClusterNode[]
  readonly basePort: number
  /** The run of the machine that the pids belong to. */
  readonly boot: string
  /** The `cluster up` in the foreground that the nodes end with; null for a detached cluster. */
  readonly supervisor: ProcessIdentity | null
}

const clone = fileURLToPath(new URL('../../../../../', import.meta.url))

/** `--data`, else BASE_KV_DATA, else `.base-kv` in the clone, wherever the user stands. */
export function clusterFolder(flag: string | undefined): string {
  return resolve(flag ?? (process.env.BASE_KV_DATA || join(clone, '.base-kv')))
}

export const nodeFolder = (folder: string, name: string): string => join(folder, name)
export const configPath = (folder: string, name: string): string => join(folder, name, 'node.yaml')
export const logPath = (folder: string, name: string): string => join(folder, name, 'node.log')
export const dataPath = (folder: string, name: string): string => join(folder, name, 'data')
export const exitPath = (folder: string, name: string): string => join(folder, name, 'exit.json')

/** Undefined when there is none. @throws KvError BadConfig */
export function readCluster(folder: string): ClusterFile | undefined {
  const path = join(folder, 'cluster.json')
  if (!existsSync(path)) return undefined
  let file: ClusterFile
  try {
    file = JSON.parse(readFileSync(path, 'utf8')) as ClusterFile
    if (!Array.isArray(file.nodes)) throw new TypeError('it has no nodes')
  } catch (cause) {
    throw new KvError('BadConfig', `${path} cannot be read: ${(cause as Error).message}`, {
      hint: 'delete that file if no node of this cluster runs; the data beside it is kept',
      cause,
    })
  }
  // Pids of an earlier run of the machine are nobody's.
  if (file.boot !== bootId()) {
    return { ...file, supervisor: null, nodes: file.nodes.map((node) => ({ ...node, pid: 0, startTicks: 0 })) }
  }
  return file
}

/** @throws KvError BadConfig when there is none */
export function needCluster(folder: string): ClusterFile {
  const cluster = readCluster(folder)
  if (cluster) return cluster
  throw new KvError('BadConfig', `there is no cluster in ${folder}`, {
    hint: 'start one with `base-kv cluster up`, or name its folder with --data',
  })
}

/** Readers see the old or the new file, whole. */
export function writeCluster(folder: string, cluster: Omit<ClusterFile, 'boot'>): void {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'cluster.json')
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, JSON.stringify({ ...cluster, boot: bootId() }, null, 2) + '\n')
  renameSync(draft, path)
}

/** One node's process is another one now. */
export async function updateNode(folder: string, name: string, process: ProcessIdentity): Promise<void> {
  await withFolderLock(folder, () => {
    const cluster = needCluster(folder)
    writeCluster(folder, {
      ...cluster,
      nodes: cluster.nodes.map((node) => (node.name === name ? { ...node, ...process } : node)),
    })
  })
}

/** @throws KvError BadRequest */
export function findNode(cluster: ClusterFile, name: string): ClusterNode {
  const node = cluster.nodes.find((one) => one.name === name)
  if (node) return node
  const known = cluster.nodes.map((one) => one.name).join(', ')
  throw new KvError('BadRequest', `no node "${name}" in this cluster`, {
    hint: `its nodes are ${known}; or say leader`,
  })
}

const LOCK_WAIT_MS = 10_000

/** Two commands never change one folder at the same time. The lock of a process that is gone is taken over. */
export async function withFolderLock<T>(folder: string, work: () => Promise<T> | T): Promise<T> {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'cluster.lock')
  const deadline = Date.now() + LOCK_WAIT_MS
  while (!tryLock(path)) {
    if (Date.now() > deadline) {
      throw new KvError('BadConfig', `another command works on ${folder}`, {
        hint: `wait for it; if there is none, delete ${path}`,
      })
    }
    await sleep(50)
  }
  try {
    return await work()
  } finally {
    rmSync(path, { force: true })
  }
}

function tryLock(path: string): boolean {
  try {
    writeFileSync(path, JSON.stringify({ ...identify(process.pid), boot: bootId() }), { flag: 'wx' })
    return true
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown
  }
  try {
    const owner = JSON.parse(readFileSync(path, 'utf8')) as ProcessIdentity & { boot: string }
    if (owner.boot !== bootId() || !isAlive(owner)) rmSync(path, { force: true })
  } catch {
    // Just being written, or just gone: look again.
  }
  return false
}
