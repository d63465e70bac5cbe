import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from '@jest/globals'
import { identify, isAlive, isPaused, signal } from '../src/cluster/process-identity.ts'

test('a process is known by pid and start; one with another start is never signalled', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  const process1 = identify(child.pid!)
  expect(isAlive(process1)).toBe(true)

  const reused = { ...process1, startTicks: process1.startTicks - 1 }
  expect(isAlive(reused)).toBe(false)
  expect(signal(reused, 'SIGKILL')).toBe(false)
  expect(isAlive(process1)).toBe(true)

  expect(signal(process1, 'SIGSTOP')).toBe(true)
  while (!isPaused(process1)) await new Promise((resolve) => setImmediate(resolve))
  expect(isAlive(process1)).toBe(true)
  expect(signal(process1, 'SIGKILL')).toBe(true)
  await exited
  expect(isAlive(process1)).toBe(false)
  expect(signal(process1, 'SIGKILL')).toBe(false)
})

test('no process has the pid 0', () => expect(isAlive({ pid: 0, startTicks: 0 })).toBe(false))
