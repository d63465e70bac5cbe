/** The rules that keep the layers apart do hold: a wrong import fails to compile, an impure call fails the linter. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { temporaryFolder } from '../harness/temporary-folder.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = temporaryFolder()
const run = (tool: string, args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'node_modules', tool), ...args], {
    cwd: folder.path,
    encoding: 'utf8',
  })
  return { status, text: stdout + stderr }
}

const pure = 'packages/base-kv/landscape'

beforeAll(() => {
  // The part of the tree that a small package stands on, with the real settings.
  for (const path of [
    'tsconfig.base.json',
    '.oxlintrc.json',
    'packages/foundation/base',
    'packages/foundation/hlc',
    pure,
  ]) {
    cpSync(join(root, path), join(folder.path, path), {
      recursive: true,
      filter: (source) => !/\/(dist|node_modules|test)$/.test(source),
    })
  }
  mkdirSync(join(folder.path, 'node_modules'))
  for (const name of ['@types', 'undici-types']) {
    symlinkSync(join(root, 'node_modules', name), join(folder.path, 'node_modules', name))
  }
})
afterAll(() => folder.remove())

const write = (path: string, text: string) => writeFileSync(join(folder.path, path), text)

describe('a package compiles', () => {
  const compile = () => run('typescript/bin/tsc', ['-b', pure])

  test('as it is', () => expect(compile()).toEqual({ status: 0, text: '' }))

  test('but not with an import that the table does not allow', () => {
    write(`${pure}/src/wrong.ts`, "import { HybridClock } from '@base-kv/hlc'\nexport const wrong = HybridClock\n")
    const { status, text } = compile()
    expect(status).not.toBe(0)
    expect(text).toMatch(/wrong\.ts.*error TS|error TS6307|error TS6059/)
  })

  test('and not with Node in a pure one', () => {
    write(`${pure}/src/wrong.ts`, "import { readFileSync } from 'node:fs'\nexport const wrong = readFileSync\n")
    expect(compile()).toMatchObject({
      status: expect.not.stringMatching(/^0$/),
      text: expect.stringMatching(/wrong\.ts/),
    })
  })
})

describe('the linter lets a pure package', () => {
  const lint = () => run('oxlint/bin/oxlint', ['--deny-warnings', pure])

  test('be as it is', () => {
    write(`${pure}/src/wrong.ts`, 'export const fine = 1\n')
    expect(lint()).toMatchObject({ status: 0 })
  })

  test.each([
    ['Date.now()', 'no-restricted-globals'],
    ['performance.now()', 'no-restricted-globals'],
    ['Math.random()', 'no-restricted-properties'],
    ['setTimeout(() => {}, 1)', 'no-restricted-globals'],
    ['process.env', 'no-restricted-globals'],
    ['console.log(1)', 'no-console'],
    ['Buffer.alloc(1)', 'no-restricted-globals'],
  ])('not say %s', (expression, rule) => {
    write(`${pure}/src/wrong.ts`, `export const wrong = ${expression}\n`)
    const { status, text } = lint()
    expect(status).not.toBe(0)
    expect(text).toContain(rule)
  })

  test('not import Node', () => {
    write(`${pure}/src/wrong.ts`, "import { join } from 'node:path'\nexport const wrong = join\n")
    expect(lint()).toMatchObject({ text: expect.stringContaining('no-restricted-imports') })
  })
})

test('the table, the manifests and the linter’s list agree', () => {
  const table = JSON.parse(readFileSync(join(root, 'architecture.json'), 'utf8')) as {
    packages: Record<string, { pure?: boolean }>
  }
  const rules = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8')) as {
    overrides: { files: string[]; rules: Record<string, unknown> }[]
  }
  const listed = rules.overrides.find((override) => 'eslint/no-restricted-globals' in override.rules)?.files
  const wanted = Object.keys(table.packages).filter((name) => table.packages[name]?.pure)
  expect(listed).toEqual(wanted.map((name) => `packages/${name}/src/**`))
})
