/** What a coprocessor cannot do, and what becomes of one that tries. */
import { describe, expect, test } from '@jest/globals'
import { type Boundary, KvError, limits, logIndex } from '@base-kv/base'
import type { Pair, RangeData } from '@base-kv/storage'
import type { CommitHook, Coprocessor, RangeWriter, ResetRange } from '../src/coprocessor.ts'
import { SeatedCoprocessor } from '../src/seated-coprocessor.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)
const text = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString()

interface Script {
  mutate(state: RangeWriter): Uint8Array | KvError
  query?: Coprocessor['query']
  reset?(range: ResetRange): void
  toSplitKey?(key: Uint8Array): Uint8Array | null
}

function seat(script: Script) {
  const pairs = new Map<string, Uint8Array>()
  const time = { nowMs: 0 }
  const page = (): readonly Pair[] => [...pairs].map(([key, value]) => [bytes(key), value])
  const data = {
    get: (_: string, key: Uint8Array) => pairs.get(text(key)),
    put: (_: string, key: Uint8Array, value: Uint8Array) => void pairs.set(text(key), value),
    delete: (_: string, key: Uint8Array) => void pairs.delete(text(key)),
    readView: () => ({
      get: (_: string, key: Uint8Array) => pairs.get(text(key)),
      scan: () => ({ next: async () => page(), close: async () => {}, [Symbol.asyncDispose]: async () => {} }),
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
    }),
  } as unknown as RangeData
  const boundary: Boundary = { start: bytes('b'), end: bytes('y') }
  let changes = 0
  const coprocessor: Coprocessor = {
    check: () => null,
    mutate: (_, __, state) => script.mutate(state),
    query: script.query ?? (() => bytes('answer')),
    toSplitKey: (key) => (script.toSplitKey ? script.toSplitKey(key) : key),
    reset: (_, range) => script.reset?.(range),
  }
  const seated = new SeatedCoprocessor(
    coprocessor,
    { boundary: () => boundary, data: () => data },
    {
      clock: { monotonicMs: () => (time.nowMs += 0.001), wallMs: () => 0 },
      random: { below: (bound) => Math.floor(bound / 3) },
      changed: () => changes++,
    },
  )
  return { seated, pairs, time, changes: () => changes }
}

const at = { index: logIndex(7), isLeader: true }

describe('writing', () => {
  test('is for mutate alone: neither its writer nor a hook changes anything later', () => {
    let kept: RangeWriter | null = null
    let hook: CommitHook = () => {}
    const { seated, pairs } = seat({
      mutate: (state) => {
        kept = state
        state.put(bytes('k'), bytes('1'))
        state.afterCommit((committed) => hook(committed))
        return bytes('')
      },
    })
    seated.mutate(1, bytes(''))
    const tries = [
      () => kept!.put(bytes('k'), bytes('2')),
      () => kept!.delete(bytes('k')),
      () => kept!.afterCommit(() => {}),
    ]
    for (const one of tries) expect(one).toThrow('mutate')
    hook = () => {
      for (const one of tries) expect(one).toThrow('mutate')
    }
    seated.committed(at)
    expect(text(pairs.get('k'))).toBe('1')
  })

  test('before a refusal breaks the contract', () => {
    const { seated } = seat({
      mutate: (state) => {
        state.put(bytes('k'), bytes('1'))
        return new KvError('BadRequest', 'too late')
      },
    })
    expect(() => seated.mutate(1, bytes(''))).toThrow('a refused command changes nothing')
  })
})

test('hooks of refused commands are dropped, the others of the entry run once', () => {
  const ran: string[] = []
  let name = ''
  const { seated } = seat({
    mutate: (state) => {
      const mine = name
      state.afterCommit(({ index, isLeader }) => ran.push(`${mine} ${index} ${isLeader}`))
      return mine === 'bad' ? new KvError('BadRequest', 'no') : bytes('')
    },
  })
  for (name of ['first', 'bad', 'second']) seated.mutate(1, bytes(''))
  expect(ran).toEqual([])
  seated.committed(at)
  seated.committed({ index: logIndex(8), isLeader: false })
  expect(ran).toEqual(['first 7 true', 'second 7 true'])
})

describe('a fact', () => {
  test('is told when it changes, not when it is said again', () => {
    let range: ResetRange | null = null
    const { seated, changes } = seat({ mutate: () => bytes(''), reset: (given) => (range = given) })
    seated.reset('open')
    const shared = Buffer.from('one')
    range!.publish(shared)
    shared.fill('x')
    expect(text(seated.fact)).toBe('one')
    range!.publish(bytes('one'))
    expect(changes()).toBe(1)
    range!.publish(bytes('two'))
    expect(changes()).toBe(2)
  })

  test('of before the last reset counts no more, and a large one is refused', () => {
    const ranges: ResetRange[] = []
    const { seated } = seat({ mutate: () => bytes(''), reset: (given) => ranges.push(given) })
    seated.reset('open')
    ranges[0]!.publish(bytes('old'))
    seated.reset('split')
    expect(seated.fact).toHaveLength(0)
    ranges[0]!.publish(bytes('late'))
    expect(seated.fact).toHaveLength(0)
    ranges[1]!.publish(new Uint8Array(limits.factBytesMax))
    expect(() => ranges[1]!.publish(new Uint8Array(limits.factBytesMax + 1))).toThrow('fact')
    seated.close()
    ranges[1]!.publish(bytes('after the end'))
    expect(seated.fact).toHaveLength(limits.factBytesMax)
  })
})

test('damage that reset comes upon is met by the next command and query, until a snapshot brings other pairs', () => {
  let damaged = true
  const { seated } = seat({
    mutate: () => bytes('done'),
    reset: () => {
      if (damaged) throw new KvError('Corrupt', 'a value fails its checksum')
    },
  })
  seated.reset('open')
  expect(() => seated.mutate(1, bytes(''))).toThrow('checksum')
  expect(() => seated.query(1, bytes(''))).toThrow('checksum')
  damaged = false
  seated.reset('snapshot')
  expect(text(seated.mutate(1, bytes('')) as Uint8Array)).toBe('done')
})

describe('hints', () => {
  const nextWindow = (time: { nowMs: number }) => (time.nowMs += 5_000)

  test('tell of writes and of reads, scans included, each by itself; what reset reads is nobody’s load', async () => {
    const { seated, time, pairs } = seat({
      mutate: (state) => {
        for (const key of ['c', 'd', 'e']) state.put(bytes(key), bytes('12345'))
        return bytes('')
      },
      reset: ({ state }) => void state.get(bytes('c')),
      query: async (_, __, state) => {
        await using view = state.readView()
        await using pages = view.scan('user', { start: null, end: null })
        return bytes(String((await pages.next()).length))
      },
    })
    pairs.set('c', bytes('0'))
    seated.reset('open')
    nextWindow(time)
    expect(seated.hints()).toEqual([])
    const begun = seated.beginEntry()
    seated.mutate(1, bytes(''))
    seated.endEntry(begun)
    expect(text(await seated.query(1, bytes('')))).toBe('3')
    nextWindow(time)
    const [mutation, query] = seated.hints()
    expect(mutation).toMatchObject({ type: 'kv_io_mutation', load: { writes: 3, reads: 0, bytes: 18, ioDensity: 3 } })
    expect(query).toMatchObject({ type: 'kv_io_query', load: { writes: 0, reads: 3, bytes: 18, ioDensity: 3 } })
    expect(text(mutation!.splitKey!)).toBe('d')
  })

  test.each([
    ['where the service says', (key: Uint8Array) => Buffer.concat([key, bytes('0')]), 'd0'],
    ['nowhere when it refuses', () => null, null],
    ['nowhere when it names the first key', () => bytes('b'), null],
    ['nowhere when it names a key outside', () => bytes('z'), null],
    ['nowhere when it names none', () => bytes(''), null],
  ])('cut %s', (_, toSplitKey, cut) => {
    const { seated, time } = seat({
      mutate: (state) => {
        for (const key of ['c', 'd', 'e']) state.put(bytes(key), bytes('1'))
        return bytes('')
      },
      toSplitKey,
    })
    seated.reset('open')
    seated.endEntry(seated.beginEntry())
    seated.mutate(1, bytes(''))
    nextWindow(time)
    const [hint] = seated.hints()
    expect(hint!.splitKey && text(hint!.splitKey)).toBe(cut)
  })
})
