import { describe, expect, test } from '@jest/globals'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { checkScript } from '@base-kv/test-kit'
import { Cluster } from './cluster.ts'

const folder = join(import.meta.dirname, 'testdata')

describe('raft scripts', () => {
  const names = readdirSync(folder).filter((name) => name.endsWith('.txt'))
  test.each(names)('%s', (name) => {
    const cluster = new Cluster()
    const { expected, actual } = checkScript(join(folder, name), (command) => cluster.run(command))
    expect(actual).toBe(expected)
  })
})
