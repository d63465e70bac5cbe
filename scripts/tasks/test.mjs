// `npm test`: compile, lint, unit tests, then the tests that start real processes, one file at a time. The last line is
// `N passed, N failed`. Compiling and each lint step count as one test each. Arguments narrow it: file names or patterns.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lintSteps } from './lint-steps.mjs'
import { runStep } from './run-step.mjs'

const TOTAL_MS = 19 * 60_000
const begun = Date.now()
const leftMs = () => Math.max(1_000, TOTAL_MS - (Date.now() - begun))
const patterns = process.argv.slice(2)
const count = { passed: 0, failed: 0, skipped: 0 }
const work = mkdtempSync(join(tmpdir(), 'base-kv-test-'))

await main()

async function main() {
  try {
    await step('compile', ['node_modules/typescript/bin/tsc', '-b'])
    if (patterns.length === 0) for (const { name, args } of lintSteps()) await step(name, args)
    // Even when something does not compile: the tests tell more than the compiler alone.
    await jest('unit tests', ['--testPathIgnorePatterns=/test/e2e/'])
    await jest('tests of real processes', ['--roots=test/e2e', '--runInBand'])
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : ''
  console.log(`${count.passed} passed, ${count.failed} failed${skipped}`)
  process.exit(count.failed === 0 && count.passed > 0 ? 0 : 1)
}

async function step(name, args) {
  const ok = (await runStep(args, { timeoutMs: leftMs() })) === 0
  count[ok ? 'passed' : 'failed'] += 1
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${name} (${elapsed()})`)
  return ok
}

async function jest(name, args) {
  const report = join(work, 'jest.json')
  rmSync(report, { force: true })
  const flags = ['--experimental-vm-modules', '--no-warnings']
  const wanted = patterns.map((pattern) => `--testPathPatterns=${pattern}`)
  const code = await runStep(
    [
      ...flags,
      'node_modules/jest/bin/jest.js',
      '--json',
      `--outputFile=${report}`,
      '--passWithNoTests',
      ...args,
      ...wanted,
    ],
    { timeoutMs: leftMs() },
  )
  if (!existsSync(report)) {
    count.failed += 1
    console.log(`FAILED ${name}: jest gave no report (exit code ${code})`)
    return
  }
  const result = JSON.parse(readFileSync(report, 'utf8'))
  count.passed += result.numPassedTests
  count.failed += result.numFailedTests + result.numRuntimeErrorTestSuites
  count.skipped += result.numPendingTests + result.numTodoTests
  if (code !== 0 && result.numFailedTests + result.numRuntimeErrorTestSuites === 0) count.failed += 1
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${elapsed()})`)
}

function elapsed() {
  return `${((Date.now() - begun) / 1000).toFixed(0)} s after the start`
}
