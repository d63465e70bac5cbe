/** What is done to one node, or all, of a local cluster from another terminal. */
import { existsSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { assert, KvError } from '@base-kv/base'
import {
  type ClusterFile,
  type ClusterNode,
  dataPath,
  exitPath,
  findNode,
  needCluster,
  updateNode,
  withFolderLock,
  writeCluster,
} from './cluster-folder.ts'
import { lastLogLine, noteExit, readExit, showExit } from './node-exit.ts'
import { writeNodeConfig } from './node-config-file.ts'
import { needFreePorts, portsOf } from './ports.ts'
import { isAlive, isPaused, signal } from './process-identity.ts'
import { lookAt } from './readiness.ts'
import { spawnNode } from './spawn-node.ts'
import { stopNodes, untilGone } from './stop-nodes.ts'

type Say = (text: string) => void

const SERVES_WITHIN_MS = 20_000
const SUPERVISOR_ENDS_WITHIN_MS = 12_000
const POLL_MS = 50

/** Stops everything; the data stays. */
export async function down(folder: string, say: Say): Promise<void> {
  const cluster = needCluster(folder)
  const running = cluster.nodes.filter(isAlive)
  const { supervisor } = cluster
  if (supervisor && isAlive(supervisor)) {
    // The one in the foreground does it, in its own order, and ends.
    signal(supervisor, 'SIGTERM')
    const deadline = performance.now() + SUPERVISOR_ENDS_WITHIN_MS
    while (isAlive(supervisor) && performance.now() < deadline) await sleep(POLL_MS)
  }
  const killed = await stopNodes(running)
  writeCluster(folder, { ...cluster, supervisor: null })
  if (killed.length > 0) say(`${killed.join(', ')} did not stop in time and had to be killed\n`)
  const stopped = running.length === 0 ? 'nothing ran' : `stopped ${running.map((node) => node.name).join(', ')}`
  say(`${stopped}; the data stays in ${folder}\n`)
}

/** SIGKILL: the process gets no chance to say goodbye. */
export async function kill(folder: string, wanted: string, say: Say): Promise<void> {
  const node = await runningNode(folder, wanted)
  noteExit(exitPath(folder, node.name), null, 'SIGKILL')
  signal(node, 'SIGKILL')
  await untilGone([node], 5_000)
  say(`killed ${node.name} (pid ${node.pid}); start it again: npx base-kv cluster start ${node.name}\n`)
}

/** SIGTERM: leaderships are handed over first. */
export async function stop(folder: string, wanted: string, say: Say): Promise<void> {
  const node = await runningNode(folder, wanted)
  const killed = await stopNodes([node])
  say(`stopped ${node.name}${killed.length > 0 ? ' (it had to be killed)' : ''}\n`)
}

/** SIGSTOP: to the others it is silent, its connections stay. */
export async function pause(folder: string, wanted: string, say: Say): Promise<void> {
  const node = await runningNode(folder, wanted)
  signal(node, 'SIGSTOP')
  while (isAlive(node) && !isPaused(node)) await sleep(POLL_MS)
  say(`paused ${node.name} (pid ${node.pid}); let it go on: npx base-kv cluster resume ${node.name}\n`)
}

export async function resume(folder: string, wanted: string, say: Say): Promise<void> {
  const node = await runningNode(folder, wanted)
  signal(node, 'SIGCONT')
  say(`${node.name} goes on\n`)
}

/** On the data that it had. Returns when it answers. */
export async function start(folder: string, name: string, say: Say): Promise<void> {
  const cluster = needCluster(folder)
  const node = findNode(cluster, name)
  if (isAlive(node)) {
    say(`${name} already runs (pid ${node.pid}): nothing was changed\n`)
    return
  }
  await needFreePorts([node])
  // With a foreground cluster it lives and ends like the others.
  const supervisor = cluster.supervisor && isAlive(cluster.supervisor) ? cluster.supervisor : null
  const { child, pid, startTicks } = spawnNode(folder, name, supervisor)
  await updateNode(folder, name, { pid, startTicks })
  const deadline = performance.now() + SERVES_WITHIN_MS
  while (!(await answers(node))) {
    if (child.exitCode !== null || child.signalCode !== null) {
      const how = showExit(readExit(folder, name) ?? { code: child.exitCode, signal: child.signalCode, at: '' })
      throw new KvError('BadConfig', `${name} did not start (${how}): ${lastLogLine(folder, name)}`, {
        hint: `see its log with \`base-kv cluster logs ${name}\``,
      })
    }
    if (performance.now() > deadline) {
      throw new KvError('TryLater', `${name} does not answer after ${SERVES_WITHIN_MS / 1_000} s`, {
        hint: `see its log with \`base-kv cluster logs ${name}\``,
      })
    }
    await sleep(POLL_MS)
  }
  say(`${name} serves (pid ${pid}); see it catch up: npx base-kv range list\n`)
}

/** A further node, which finds the others by those that there are. It holds nothing until it is given replicas. */
export async function add(folder: string, wanted: string | undefined, say: Say): Promise<void> {
  const name = await withFolderLock(folder, async () => {
    const cluster = needCluster(folder)
    if (!cluster.nodes.some(isAlive)) {
      throw new KvError('TryLater', 'no node of the cluster runs: a new one would find nobody', {
        hint: 'start it first: base-kv cluster up',
      })
    }
    const [node] = portsOf(cluster.basePort, cluster.nodes.length + 1).slice(-1)
    assert(node, 'there are ports for one node at least')
    if (wanted !== undefined && wanted !== node.name) {
      throw new KvError('BadRequest', `the next node is ${node.name}, not "${wanted}"`, {
        hint: `base-kv cluster add ${node.name}`,
      })
    }
    await needFreePorts([node])
    writeNodeConfig(folder, { ...node, seeds: cluster.nodes.map(({ rpc }) => rpc), expect: 0 })
    writeCluster(folder, { ...cluster, nodes: [...cluster.nodes, { ...node, pid: 0, startTicks: 0 }] })
    return node.name
  })
  await start(folder, name, say)
  say(`${name} holds no range yet: give it replicas with npx base-kv range replicas\n`)
}

async function answers(node: ClusterNode): Promise<boolean> {
  const view = await lookAt([node.rpc]).catch(() => undefined)
  return view?.nodes.some((one) => one.node === node.name && one.state === 'up') ?? false
}

/** Empties the disk of a stopped node. */
export async function wipe(folder: string, name: string, say: Say): Promise<void> {
  const node = findNode(needCluster(folder), name)
  if (isAlive(node)) {
    throw new KvError('BadConfig', `${name} runs (pid ${node.pid}): its disk is in use`, {
      hint: `stop it first: base-kv cluster stop ${name}`,
    })
  }
  const had = existsSync(dataPath(folder, name))
  rmSync(dataPath(folder, name), { recursive: true, force: true })
  say(had ? `emptied the disk of ${name}\n` : `the disk of ${name} was empty already\n`)
  say(`it comes back as a new store without a vote; once it runs, let it in again:
  npx base-kv cluster start ${name}
  npx base-kv range replicas --voters ${needCluster(folder)
    .nodes.map((one) => one.name)
    .join(',')}
`)
}

/** A node by its name, or the `leader`. @throws KvError NotFound, BadConfig when it does not run, TryLater */
async function runningNode(folder: string, wanted: string): Promise<ClusterNode> {
  const cluster = needCluster(folder)
  const node = wanted === 'leader' ? await leaderOf(cluster) : findNode(cluster, wanted)
  if (isAlive(node)) return node
  const how = showExit(readExit(folder, node.name))
  throw new KvError('BadConfig', `${node.name} does not run (${how})`, {
    hint: `start it with \`base-kv cluster start ${node.name}\``,
  })
}

const LEADER_WITHIN_MS = 5_000

async function leaderOf(cluster: ClusterFile): Promise<ClusterNode> {
  const deadline = performance.now() + LEADER_WITHIN_MS
  for (;;) {
    const running = cluster.nodes.filter((node) => isAlive(node) && !isPaused(node))
    const view = running.length === 0 ? undefined : await lookAt(running.map((node) => node.rpc)).catch(() => undefined)
    const leader = view?.ranges[0]?.leader
    if (leader) return findNode(cluster, leader.node)
    if (running.length === 0 || performance.now() > deadline) {
      throw new KvError('TryLater', 'no leader can be seen', { hint: 'see `base-kv cluster status`, then try again' })
    }
    await sleep(POLL_MS)
  }
}
