// ESM only. Sources run through Node's own type stripping; packages are mapped to their sources, so tests need no build.
import { readFileSync } from 'node:fs'

const { packages } = JSON.parse(readFileSync(new URL('architecture.json', import.meta.url), 'utf8'))
const sources = Object.keys(packages).map((folder) => [
  `^@base-kv/${folder.split('/')[1]}$`,
  `<rootDir>/packages/${folder}/src/index.ts`,
])

export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: Object.fromEntries(sources),
  transform: { '\\.ts$': '<rootDir>/scripts/jest-strip-types.mjs' },
  testMatch: ['<rootDir>/packages/*/*/test/**/*.test.ts', '<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/packages/.*/dist/'],
  testTimeout: 120_000,
  maxWorkers: 2,
  workerIdleMemoryLimit: '1GB',
}
