import { expect, test } from '@jest/globals'
import { sim } from './sim-command.ts'

test('a few seeds run from the command line and are added up', async () => {
  const { code, out } = await sim('--seeds', '3', '--from', '5')
  expect(out).toMatch(/^3 seeds in .* entries committed/m)
  expect(out).toMatch(/^0 violations$/m)
  expect(code).toBe(0)
})

test('a trace has a line for every event and ends with its hash', async () => {
  const { code, out } = await sim('--seeds', '1', '--from', '5', '--trace')
  expect(out.split('\n')[0]).toMatch(/^seed 5 faults /)
  expect(out).toMatch(/^ +\d+\.\d{3} durable /m)
  expect(out.trim().split('\n').at(-1)).toMatch(/^hash [0-9a-f]{16}, \d+ events$/)
  expect(code).toBe(0)
})

test.each([
  [['--seeds', 'many'], "error: --seeds wants a whole number from 1 to 4294967295, not 'many'; see --help"],
  [['--from', '-1'], /^error: .*--from.*; see --help$/],
  [['--speed', '9'], /^error: Unknown option '--speed'; see --help$/],
  [['--mutant', 'nobody'], 'error: no mutant is called nobody; --mutants lists them; see --help'],
])('wrong usage %j is one clear line and exit code 2', async (words, line) => {
  const { code, err, out } = await sim(...words)
  expect(err.trim()).toMatch(line)
  expect(err.trim().split('\n')).toHaveLength(1)
  expect(out).toBe('')
  expect(code).toBe(2)
})

test('help shows examples', async () => {
  const { code, out } = await sim('--help')
  expect(out).toContain('npm run sim -- --mutants')
  expect(code).toBe(0)
})
