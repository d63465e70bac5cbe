/** The foreground of `cluster up`: tells what happens, one line an event, until it is told to stop. */
import type { ClusterView } from '../cluster-view.ts'
import { readCluster } from './cluster-folder.ts'
import { exitPath } from './cluster-folder.ts'
import { lastLogLine, noteExit, readExit, showExit } from './node-exit.ts'
import { isAlive, isPaused } from './process-identity.ts'
import { lookAt } from './readiness.ts'
import type { SpawnedNode } from './spawn-node.ts'
import { stopNodes } from './stop-nodes.ts'
import type { Interruption } from './up.ts'

export interface SuperviseOptions {
  readonly folder: string
  readonly spawned: ReadonlyMap<string, SpawnedNode>
  readonly interrupted: Interruption
  say(text: string): void
}

const POLL_MS = 300

/** What was last said of each node, and who led. */
interface Told {
  readonly states: Map<string, string>
  leader: string
}

/** @returns the exit code */
export async function supervise({ folder, spawned, interrupted, say }: SuperviseOptions): Promise<number> {
  for (const [name, { child }] of spawned) {
    // A killed process leaves no note of its own.
    child.on('exit', (code, signal) => {
      if (signal !== null) noteExit(exitPath(folder, name), code, signal)
    })
  }
  const told: Told = { states: new Map(), leader: '' }
  const tell = (text: string): void => say(`${new Date().toISOString().slice(11, 19)} ${text}\n`)
  while (interrupted.exitCode === null) {
    const cluster = readCluster(folder)
    if (!cluster) {
      tell(`${folder} is gone: stopping`)
      break
    }
    const running = cluster.nodes.filter((node) => isAlive(node) && !isPaused(node))
    const view = running.length === 0 ? undefined : await lookAt(running.map((node) => node.rpc)).catch(() => undefined)
    for (const node of cluster.nodes) {
      const answers = view?.nodes.some((one) => one.node === node.name && one.state === 'up') ?? false
      const state = !isAlive(node) ? 'stopped' : isPaused(node) ? 'paused' : answers ? 'serves' : 'starting'
      tellState(folder, node, state, told, tell)
    }
    tellLeader(view, told, tell)
    await pause(interrupted)
  }
  tell('stopping every node')
  const begun = performance.now()
  const killed = await stopNodes(readCluster(folder)?.nodes ?? [])
  for (const name of killed) tell(`${name} did not stop in time and was killed`)
  tell(`stopped in ${((performance.now() - begun) / 1_000).toFixed(1)} s; start again with: npx base-kv cluster up`)
  return interrupted.exitCode ?? 1
}

function tellState(
  folder: string,
  { name, pid }: { readonly name: string; readonly pid: number },
  state: string,
  { states }: Told,
  tell: (text: string) => void,
): void {
  const key = `${state} ${pid}`
  const before = states.get(name)
  // A node that is slow to answer once is no event; one that comes up again is.
  if (before === key || (before === `serves ${pid}` && state === 'starting')) return
  states.set(name, key)
  if (before === undefined && state === 'serves') return
  if (state === 'stopped') {
    const how = showExit(readExit(folder, name))
    tell(`${name} ended: ${how}; last log line: ${lastLogLine(folder, name) || '(none)'}`)
    tell(`  start it again: npx base-kv cluster start ${name}`)
  } else if (state === 'serves') {
    tell(before === `paused ${pid}` ? `${name} goes on` : `${name} serves again (pid ${pid})`)
  } else {
    tell(`${name} is ${state} (pid ${pid})`)
  }
}

function tellLeader(view: ClusterView | undefined, told: Told, tell: (text: string) => void): void {
  const range = view?.ranges[0]
  const leader = range?.leader ? `${range.leader.node} leads (term ${range.term})` : 'no leader: writes wait'
  if (leader === told.leader) return
  told.leader = leader
  tell(leader)
}

/** Ends early when a signal comes. */
function pause(interrupted: Interruption): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, POLL_MS)
    interrupted.onSignal = () => {
      clearTimeout(timer)
      resolve()
    }
    if (interrupted.exitCode !== null) interrupted.onSignal()
  })
}
