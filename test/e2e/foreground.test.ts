/** A cluster in the foreground: tells what happens, and never outlives what started it. */
import { spawn } from 'node:child_process'
import { afterAll, describe, expect, test } from '@jest/globals'
import { type RunningCli, ownEnvironment, root, runCli, startCli } from '../harness/cli.ts'
import { runs } from '../harness/cluster.ts'
import { freeBasePort } from '../harness/free-ports.ts'
import { type TemporaryFolder, temporaryFolder } from '../harness/temporary-folder.ts'
import { until } from '../harness/until.ts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const STOPS_WITHIN_MS = 10_000

const folders: TemporaryFolder[] = []
afterAll(() => folders.forEach((folder) => folder.remove()))

function newFolder(): string {
  const folder = temporaryFolder()
  folders.push(folder)
  return folder.path
}

async function startForeground(): Promise<{ cli: RunningCli; folder: string; pids: number[] }> {
  const folder = newFolder()
  const args = ['cluster', 'up', '--data', folder, '--base-port', String(await freeBasePort(3))]
  const cli = startCli(args)
  await until('it is ready', () => cli.stdout.includes('What happens'))
  return { cli, folder, pids: pidsOf(folder) }
}

function pidsOf(folder: string): number[] {
  const file = JSON.parse(readFileSync(join(folder, 'cluster.json'), 'utf8')) as { nodes: { pid: number }[] }
  return file.nodes.map((node) => node.pid)
}

const gone = (pids: readonly number[]) => until('every node is gone', () => !pids.some(runs), STOPS_WITHIN_MS)

describe('cluster up in the foreground', () => {
  test('prints a table and three commands, tells who leads and who died, and stops all on Ctrl-C', async () => {
    const { cli, folder, pids } = await startForeground()
    expect(cli.stdout).toMatch(/n1 .*\nn2 .*\nn3 .*\n/)
    expect(cli.stdout.match(/^ {2}npx base-kv .*$/gm)).toHaveLength(3)
    await until('it tells who leads', () => /n\d leads/.test(cli.stdout))

    await runCli(['cluster', 'kill', 'n2', '--data', folder])
    await until('it tells the death', () => /n2 ended: killed by SIGKILL; last log line: ./.test(cli.stdout))
    expect(runs(pids[1]!)).toBe(false)
    await runCli(['cluster', 'start', 'n2', '--data', folder])
    await until('it tells the return', () => cli.stdout.includes('n2 serves again'))

    const all = pidsOf(folder)
    cli.child.kill('SIGINT')
    expect((await cli.ended).code).toBe(130)
    expect(all.filter(runs)).toEqual([])
  })

  test('its nodes end with it when it is killed, also one that another command started', async () => {
    const { cli, folder } = await startForeground()
    await runCli(['cluster', 'kill', 'n3', '--data', folder])
    await runCli(['cluster', 'start', 'n3', '--data', folder])
    const all = pidsOf(folder)
    cli.child.kill('SIGKILL')
    await gone(all)
  })

  test('`cluster down` from elsewhere ends it', async () => {
    const { cli, folder, pids } = await startForeground()
    expect((await runCli(['cluster', 'down', '--data', folder])).code).toBe(0)
    await cli.ended
    expect(pids.filter(runs)).toEqual([])
  })

  test('through the launcher: the death of the parent stops everything', async () => {
    const folder = newFolder()
    const command = `node scripts/launch.mjs start --data ${folder} --base-port ${await freeBasePort(3)}; true`
    const parent = spawn('/bin/sh', ['-c', command], {
      cwd: root,
      env: { ...process.env, ...ownEnvironment() },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let printed = ''
    parent.stdout.setEncoding('utf8').on('data', (text: string) => (printed += text))
    await until('it is ready', () => printed.includes('What happens'))
    const pids = pidsOf(folder)
    parent.kill('SIGKILL')
    await gone(pids)
  })
})
