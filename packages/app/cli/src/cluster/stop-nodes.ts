import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterNode } from './cluster-folder.ts'
import { isAlive, signal } from './process-identity.ts'

const PATIENCE_MS = 6_000
const POLL_MS = 25

/** SIGTERM to all that run; what is still there after 6 s is killed. @returns the names that had to be killed */
export async function stopNodes(nodes: readonly ClusterNode[]): Promise<string[]> {
  const running = nodes.filter(isAlive)
  for (const node of running) {
    signal(node, 'SIGTERM')
    // A paused process takes the signal only when it goes on.
    signal(node, 'SIGCONT')
  }
  await untilGone(running, PATIENCE_MS)
  const stubborn = running.filter(isAlive)
  for (const node of stubborn) signal(node, 'SIGKILL')
  await untilGone(stubborn, 1_000)
  return stubborn.map((node) => node.name)
}

export async function untilGone(nodes: readonly ClusterNode[], withinMs: number): Promise<void> {
  const deadline = performance.now() + withinMs
  while (nodes.some(isAlive) && performance.now() < deadline) await sleep(POLL_MS)
}
