import { describe, expect, test } from '@jest/globals'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkScript, parseScript, runScript, type ScriptCommand } from '@base-kv/test-kit'

const text = `# first
add 1 2 name=x
add 3      # trailing
----
1+2 x

# nothing is printed
silent
----

# the end
`

const run = ({ name, words, options }: ScriptCommand): string[] =>
  name === 'add' ? [`${words.join('+')} ${options['name'] ?? ''}`.trim()] : []

describe('scripts', () => {
  test('a command has a name, words and options', () => {
    const [block] = parseScript(text).blocks
    expect(block?.commands).toEqual([
      { name: 'add', words: ['1', '2'], options: { name: 'x' }, line: 2 },
      { name: 'add', words: ['3'], options: {}, line: 3 },
    ])
    expect(block?.expected).toEqual(['1+2 x'])
  })

  test('running gives the same text with what was printed', () => {
    const actual = runScript(parseScript(text), run)
    expect(actual).toBe(text.replace('1+2 x\n', '1+2 x\n3\n'))
    expect(runScript(parseScript(actual), run)).toBe(actual)
  })

  test('commands without dashes and failing commands name their line', () => {
    expect(() => parseScript('add 1\n')).toThrow('line 1')
    const fail = (): string[] => {
      throw new Error('broken')
    }
    expect(() => runScript(parseScript(text), fail)).toThrow('line 2, add: Error: broken')
  })

  test('REWRITE=1 writes the file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'script-'))
    const path = join(folder, 'a.txt')
    try {
      writeFileSync(path, text)
      const { expected, actual } = checkScript(path, run)
      expect(expected).not.toBe(actual)
      process.env['REWRITE'] = '1'
      const rewritten = checkScript(path, run)
      expect(rewritten.expected).toBe(rewritten.actual)
      expect(readFileSync(path, 'utf8')).toBe(actual)
    } finally {
      delete process.env['REWRITE']
      rmSync(folder, { recursive: true })
    }
  })
})
