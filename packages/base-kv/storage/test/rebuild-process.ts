/**
 * A start that is killed inside: `node rebuild-process.ts DIRECTORY COUNT` opens the folder and ends without a word in
 * front of file operation COUNT + 1; `opened` when it got through. LevelDB's own operations do not count.
 */
import { promises } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const [, , directory, count] = process.argv as [string, string, string, string]
let left = Number(count)

for (const name of ['open', 'rename', 'rm'] as const) {
  const original = promises[name] as (...parts: unknown[]) => Promise<unknown>
  Object.assign(promises, {
    [name]: (...parts: unknown[]) => {
      if (left-- === 0) process.kill(process.pid, 'SIGKILL')
      return original(...parts)
    },
  })
}
syncBuiltinESMExports()

const { open } = await import('./fixtures.ts')
const storage = await open(directory)
process.stdout.write('opened\n')
left = Infinity
await storage.close()
