/** testing/test-kit: what several packages' tests share. */
export * from './linearizability.ts'
export { checkScript, parseScript, runScript, type Script, type ScriptBlock, type ScriptCommand } from './script.ts'
export { seededRandom } from './seeded-random.ts'
