/** One suite for every engine. */
import { describe, expect, test } from '@jest/globals'
import { memoryEngine, openLevelEngine, type Engine, type EngineView, type IterateOptions } from '../src/index.ts'
import { bytes, temporaryFolder, text } from './fixtures.ts'

const engines: { name: string; use: (run: (engine: Engine) => Promise<void>) => Promise<void> }[] = [
  {
    name: 'memory',
    async use(run) {
      const engine = memoryEngine()
      await run(engine)
      await engine.close()
    },
  },
  {
    name: 'LevelDB',
    async use(run) {
      await using folder = await temporaryFolder()
      const options = { directory: folder.path, writeBufferBytes: 1 << 20, cacheBytes: 1 << 20, compression: false }
      const engine = await openLevelEngine(options)
      await run(engine)
      await engine.close()
    },
  },
]

async function put(engine: Engine, pairs: Record<string, string | null>): Promise<void> {
  const batch = engine.batch()
  for (const [key, value] of Object.entries(pairs)) {
    if (value === null) batch.del(bytes(key))
    else batch.put(bytes(key), bytes(value))
  }
  await batch.write({ sync: true })
}

async function keys(view: EngineView, options: IterateOptions): Promise<string[]> {
  await using iterator = view.iterate(options)
  const found: string[] = []
  for (let page = await iterator.next(); page.length > 0; page = await iterator.next()) {
    found.push(...page.map(([key]) => text(key) as string))
  }
  return found
}

describe.each(engines)('engine $name', ({ use }) => {
  test('gets what was written, undefined for the rest', () =>
    use(async (engine) => {
      await put(engine, { a: '1', b: '' })
      expect(text(engine.get(bytes('a')))).toBe('1')
      expect(engine.get(bytes('b'))).toHaveLength(0)
      expect(engine.get(bytes('c'))).toBeUndefined()
      await put(engine, { a: null, c: '3' })
      expect(engine.get(bytes('a'))).toBeUndefined()
      expect(text(engine.get(bytes('c')))).toBe('3')
    }))

  test('a batch copies what it is given and counts its bytes', () =>
    use(async (engine) => {
      const batch = engine.batch()
      const scratch = bytes('key1')
      batch.put(scratch, scratch)
      scratch.fill(0)
      expect(batch.bytes).toBe(8)
      await batch.write({ sync: false })
      expect(text(engine.get(bytes('key1')))).toBe('key1')
    }))

  test('the last operation on a key in a batch wins', () =>
    use(async (engine) => {
      const batch = engine.batch()
      batch.put(bytes('a'), bytes('1'))
      batch.del(bytes('a'))
      batch.put(bytes('a'), bytes('2'))
      await batch.write({ sync: true })
      expect(text(engine.get(bytes('a')))).toBe('2')
    }))

  test('iterates in byte order, both ways, half open, in pages', () =>
    use(async (engine) => {
      const order = [0x00, 0x01, 0x7f, 0x80, 0xff].map((byte) => Buffer.of(0x61, byte))
      const batch = engine.batch()
      for (const key of order.toReversed()) batch.put(key, bytes('v'))
      await batch.write({ sync: true })
      await using view = engine.readView()
      for (const pagePairs of [1, 2, 100]) {
        for (const reverse of [false, true]) {
          await using iterator = view.iterate({ start: bytes('a'), end: bytes('b'), reverse, pagePairs })
          const found: string[] = []
          for (let page = await iterator.next(); page.length > 0; page = await iterator.next()) {
            expect(page.length).toBeLessThanOrEqual(pagePairs)
            found.push(...page.map(([key]) => Buffer.from(key).toString('hex')))
          }
          const expected = order.map((key) => key.toString('hex'))
          expect(found).toEqual(reverse ? expected.toReversed() : expected)
        }
      }
      expect(await keys(view, { start: order[1] as Buffer, end: order[3] as Buffer })).toHaveLength(2)
    }))

  test('a page stops at its bytes and has at least one pair', () =>
    use(async (engine) => {
      const batch = engine.batch()
      for (let i = 0; i < 10; i++) batch.put(bytes(`k${i}`), Buffer.alloc(1000))
      await batch.write({ sync: true })
      await using view = engine.readView()
      await using iterator = view.iterate({ start: bytes('k'), end: bytes('l'), pageBytes: 1 })
      expect((await iterator.next()).length).toBeLessThan(4)
    }))

  test('a read view stays as it was', () =>
    use(async (engine) => {
      await put(engine, { a: '1', b: '2' })
      await using view = engine.readView()
      await put(engine, { a: null, b: '3', c: '4' })
      expect(text(view.get(bytes('a')))).toBe('1')
      expect(text(view.get(bytes('b')))).toBe('2')
      expect(await keys(view, { start: bytes('a'), end: bytes('z') })).toEqual(['a', 'b'])
      await engine.compactRange(bytes('a'), bytes('z'))
      expect(await keys(view, { start: bytes('a'), end: bytes('z') })).toEqual(['a', 'b'])
    }))

  test('a view closes with iterators open', () =>
    use(async (engine) => {
      await put(engine, { a: '1' })
      const view = engine.readView()
      const iterator = view.iterate({ start: bytes('a'), end: bytes('b') })
      await iterator.next()
      await view.close()
    }))

  test('two batches in flight are a broken invariant', () =>
    use(async (engine) => {
      const [first, second] = [engine.batch(), engine.batch()]
      first.put(bytes('a'), bytes('1'))
      second.put(bytes('a'), bytes('2'))
      const writing = first.write({ sync: true })
      await expect(second.write({ sync: true })).rejects.toThrow('one write in flight')
      await writing
      expect(text(engine.get(bytes('a')))).toBe('1')
    }))
})
