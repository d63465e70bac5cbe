/** Writes that come again: whatever happened to the first attempt, they are applied once and get its answer. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { KvError, limits, type RangeId } from '@base-kv/base'
import { KvCommand, KvCoprocessor } from '@base-kv/kv-store'
import { v1 } from '@base-kv/protocol'
import type { ClientId, Coprocessor, Range, RangeWriter, Stamp } from '@base-kv/range'
import { type ClusterOptions, commands, startServing, type TestCluster, type TestNode, text, until } from './cluster.ts'
import { leaderOf, mergeAt, splitAt } from './many-ranges.ts'

let cluster: TestCluster
afterEach(() => cluster[Symbol.asyncDispose]())
const serve = async (count: number, options: ClusterOptions = {}) =>
  (cluster = await startServing(count, { makeCoprocessor: () => new AppendCoprocessor(), ...options }))

const APPEND = 9

/** As kv.store, and one command more, of which every application shows: it appends to what a key holds. */
class AppendCoprocessor implements Coprocessor {
  readonly #kv = new KvCoprocessor({ valueBytesMax: 1024 * 1024 })

  check(kind: number, body: Uint8Array): KvError | null {
    return kind === APPEND ? null : this.#kv.check(kind, body)
  }

  mutate(kind: number, body: Uint8Array, state: RangeWriter): Uint8Array | KvError {
    if (kind !== APPEND) return this.#kv.mutate(kind, body, state)
    const { key, value } = v1.PutRequest.decode(body)
    const before = state.get(key) ?? new Uint8Array(0)
    state.put(key, Buffer.concat([before, value]))
    return Buffer.from(`was ${Buffer.from(before)}`)
  }

  query(kind: number, body: Uint8Array, state: Parameters<Coprocessor['query']>[2]) {
    return this.#kv.query(kind, body, state)
  }

  toSplitKey(key: Uint8Array): Uint8Array {
    return key
  }
}

interface Answer {
  /** The error's code; undefined when it went well. */
  readonly code: string | undefined
  readonly reply: string | undefined
  readonly position: number | undefined
}

function send(range: Range, kind: number, body: Uint8Array, stamp: Stamp | null): Promise<Answer> {
  return new Promise((resolve) =>
    range.propose(
      kind,
      body,
      (error, reply, position) => resolve({ code: error?.code, reply: text(reply), position }),
      stamp,
    ),
  )
}

/** What the state machine says: a leader that is busy or deposed is no answer, whoever leads then is asked. */
function ask(find: () => Range | undefined, kind: number, body: Uint8Array, first: Stamp): Promise<Answer> {
  let stamp = first
  return until(async () => {
    const range = find()
    if (!range) return undefined
    const answer = await send(range, kind, body, stamp)
    if (answer.position !== undefined) return answer
    if (answer.code === 'OutcomeUnknown') stamp = retry(stamp)
    return answer.code === 'OutcomeUnknown' || answer.code === 'TryLater' ? undefined : answer
  }, 'an answer')
}

/** What the client library does, reduced to its rules. */
class Writer {
  readonly client: ClientId
  seen = 0
  #sequence = 0

  constructor(name: string) {
    this.client = name.padEnd(16, '.') as ClientId
  }

  next(): Stamp {
    return { client: this.client, sequence: ++this.#sequence, seen: this.seen, isRetry: false }
  }

  /** Until it is answered, or nobody can know. */
  async write(find: () => Range | undefined, kind: number, body: Uint8Array): Promise<Answer> {
    let stamp = this.next()
    return until(async () => {
      const range = find()
      if (!range) return undefined
      const answer = await send(range, kind, body, stamp)
      const { code, position } = answer
      if (position !== undefined) this.seen = Math.max(this.seen, position)
      if (code === undefined) return answer
      if (code === 'OutcomeUnknown') {
        stamp = { ...stamp, isRetry: true }
        return position === undefined ? undefined : answer
      }
      if (!stamp.isRetry) stamp = { ...stamp, seen: this.seen }
      return code === 'TryLater' ? undefined : answer
    }, 'the answer to a write')
  }
}

const append = (key: string, value: string) => commands.put(key, value)
const retry = (stamp: Stamp): Stamp => ({ ...stamp, isRetry: true })
const leading = (c: TestCluster) => (): Range | undefined =>
  c.running.find((node) => node.hasRange && node.range.isLeader)?.range

/** The key space `local` of a replica: what it remembers. */
async function remembered(node: TestNode, id: RangeId): Promise<string[]> {
  const found: string[] = []
  await using view = node.storage.data.range(id).readView()
  await using iterator = view.scan('local', { start: null, end: null })
  for (let page = await iterator.next(); page.length > 0; page = await iterator.next()) {
    for (const pair of page) found.push(pair.map((bytes) => Buffer.from(bytes).toString('hex')).join('='))
  }
  return found
}

/** All replicas remember the same, byte for byte. @returns how many records */
async function rememberAlike(c: TestCluster): Promise<number> {
  await c.alike()
  const { id } = (await c.leader()).range
  const expected = await remembered(c.running[0]!, id)
  for (const node of c.running.slice(1)) expect(await remembered(node, id)).toEqual(expected)
  return expected.length
}

async function lead(c: TestCluster, node: TestNode): Promise<void> {
  await until(async () => {
    const leader = await c.leader()
    if (leader === node) return true
    try {
      leader.range.transferLeader(node.id)
    } catch {
      // It has not caught up yet.
    }
    return false
  }, `${node.name} leads`)
}

/** One write of each kind, applied; and what asks for them again. */
async function writeEach(c: TestCluster) {
  const batch = v1.BatchRequest.encode({
    ops: [{ put: { key: Buffer.from('b'), value: Buffer.from('1') } }, { delete: { key: Buffer.from('nothing') } }],
  }).finish()
  const writes = [
    { kind: KvCommand.put, body: commands.put('p', '1') },
    { kind: KvCommand.compareAndSet, body: commands.cas('c', null, '1') },
    { kind: KvCommand.compareAndSet, body: commands.cas('c', 'other', '2') },
    { kind: KvCommand.batch, body: batch },
    { kind: APPEND, body: append('a', 'x') },
  ]
  const writer = new Writer('each')
  const stamps = writes.map(() => writer.next())
  const askEach = (change: (stamp: Stamp) => Stamp) =>
    Promise.all(writes.map(({ kind, body }, i) => ask(leading(c), kind, body, change(stamps[i]!))))
  const first = await askEach((stamp) => stamp)
  expect(first.map(({ code }) => code)).toEqual(writes.map(() => undefined))
  expect(first[4]!.reply).toBe('was ')
  // Somebody else writes the same keys in between.
  for (const key of ['p', 'c', 'b']) await c.put(key, 'newer')
  await c.put('a', 'newer')
  return {
    async again() {
      const answers = await askEach(retry)
      expect(answers.map(({ code, reply }) => ({ code, reply }))).toEqual(
        first.map(({ code, reply }) => ({ code, reply })),
      )
      for (const key of ['p', 'c', 'b', 'a']) expect(await c.get(key)).toBe('newer')
    },
  }
}

describe('the retry of an applied write gets the first answer', () => {
  test('from the same leader, from the next one, and after all have crashed', async () => {
    const c = await serve(3)
    const { again } = await writeEach(c)
    await again()
    const before = await c.leader()
    await lead(c, c.follower(before))
    await again()
    await rememberAlike(c)
    for (const node of c.nodes) await node.crash()
    for (const node of c.nodes) await node.start()
    await again()
    expect(await rememberAlike(c)).toBeGreaterThan(0)
  })

  test('from one that has it by snapshot only', async () => {
    const c = await serve(3, { compaction: { logBytesSoft: 4 * 1024, logEntriesSoft: 20, patienceMs: 0 } })
    const leader = await c.leader()
    const late = c.follower(leader)
    await late.stop()
    const { again } = await writeEach(c)
    for (let i = 0; i < 100; i++) await c.put(`k${i}`, 'v')
    const { id } = leader.range
    await until(async () => {
      await c.put('k', 'v')
      return (await c.leader()).range.describe().snapshotIndex > 60
    }, 'the log is cut')
    const pulls = c.pulls
    await late.start()
    await c.alike()
    expect(c.pulls).toBeGreaterThan(pulls)
    expect(await remembered(late, id)).toEqual(await remembered(leader, id))
    await lead(c, late)
    await again()
    await rememberAlike(c)
  })

  test('from both halves of a split', async () => {
    const c = await serve(3)
    const writer = new Writer('splitter')
    const [left, right] = [writer.next(), writer.next()]
    expect((await ask(leading(c), APPEND, append('a', '1'), left)).reply).toBe('was ')
    expect((await ask(leading(c), APPEND, append('z', '1'), right)).reply).toBe('was ')
    await splitAt(c, 'm')
    const halves = [(await leaderOf(c, 'a')).range, (await leaderOf(c, 'z')).range] as const
    const half = (at: 0 | 1) => () =>
      c.running.map(({ store }) => store.range(halves[at].id)).find((range) => range?.isLeader)
    // Refused by the boundary, so not remembered: the left half must not answer for it.
    const stray = writer.next()
    expect((await ask(half(0), KvCommand.put, commands.put('z', '2'), stray)).code).toBe('BadVersion')
    expect((await ask(half(1), KvCommand.put, commands.put('zz', '2'), stray)).code).toBe(undefined)
    expect((await ask(half(0), APPEND, append('a', '1'), retry(left))).reply).toBe('was ')
    expect((await ask(half(1), APPEND, append('z', '1'), retry(right))).reply).toBe('was ')
    const { node } = await leaderOf(c, 'z')
    for (const { id } of halves) {
      for (const other of c.nodes) {
        await until(
          async () => JSON.stringify(await remembered(other, id)) === JSON.stringify(await remembered(node, id)),
          'both remember the same',
        )
      }
    }
  })

  test('across a merge: what either range remembered the merged one does', async () => {
    const c = await serve(3)
    const writer = new Writer('merger')
    await splitAt(c, 'm')
    const owner = (key: string) => () =>
      c.running.map(({ store }) => store.rangeOf(Buffer.from(key))).find((range) => range?.isLeader)
    const writes = ['a', 'z'].flatMap((key) => [1, 2, 3].map((i) => ({ key, stamp: writer.next(), value: `${i}` })))
    for (const { key, stamp, value } of writes) {
      expect((await ask(owner(key), APPEND, append(key, value), stamp)).code).toBe(undefined)
    }
    // One that is refused because its range is frozen was not applied, and is not remembered.
    const { range: right } = await leaderOf(c, 'z')
    const merged = mergeAt(c, 'm')
    await until(() => right.isFrozen || !right.isLeader, 'the right range is frozen')
    const late = writer.next()
    const refused = await send(right, APPEND, append('z', '4'), late)
    if (refused.code !== undefined) expect(refused.code).toBe('TryLater')
    await merged
    expect((await ask(owner('z'), APPEND, append('z', '4'), retry(late))).reply).toBe('was 123')
    for (const [i, { key, stamp, value }] of writes.entries()) {
      const before = '123'.slice(0, i % 3)
      expect((await ask(owner(key), APPEND, append(key, value), retry(stamp))).reply).toBe(`was ${before}`)
    }
    expect((await ask(owner('a'), APPEND, append('a', '4'), writer.next())).reply).toBe('was 123')
    await rememberAlike(c)
    await Promise.all(c.nodes.map((node) => node.crash()))
    for (const node of c.nodes) await node.start()
    const [first] = writes
    expect((await ask(owner('a'), APPEND, append('a', '1'), retry(first!.stamp))).reply).toBe('was ')
  })

  test('also when the first attempt was proposed by a leader that was deposed before it knew', async () => {
    const c = await serve(3)
    const old = await c.leader()
    const stamp = new Writer('deposed').next()
    // It reaches the others, the acknowledgements do not come back.
    for (const node of c.nodes) if (node !== old) c.cut(node, old)
    const first = send(old.range, APPEND, append('a', 'x'), stamp)
    expect((await first).code).toBe('OutcomeUnknown')
    const next = await c.leader(() => c.nodes.filter((node) => node !== old))
    const second = await ask(() => next.range, APPEND, append('a', 'x'), retry(stamp))
    expect(second.reply).toBe('was ')
    c.heal()
    await c.alike()
    expect(await c.get('a')).toBe('x')
  })
})

test('a table that is full forgets the oldest, on all replicas the same, and says what it does not know', async () => {
  const c = await serve(3)
  const writer = new Writer('many')
  const first: Stamp = { ...writer.next(), client: new Writer('first').client }
  const once = (stamp: Stamp, value: string) => ask(leading(c), APPEND, append('a', value), stamp)
  expect((await once(first, 'x')).code).toBe(undefined)
  // One client that keeps up with the position, one that fell asleep.
  const asleep = new Writer('asleep').next()
  const body = commands.put('k', 'v')
  for (let left = limits.requestTableMax + 2_000; left > 0; left -= 4_000) {
    await Promise.all(
      Array.from({ length: 4_000 }, async () => {
        expect((await writer.write(leading(c), KvCommand.put, body)).code).toBe(undefined)
      }),
    )
  }
  expect((await once(retry(first), 'x')).code).toBe('OutcomeUnknown')
  expect(await c.get('a')).toBe('x')
  const refused = await once(asleep, 'y')
  expect(refused.code).toBe('TryLater')
  expect(refused.position).toBeGreaterThan(limits.requestTableMax)
  expect((await once({ ...asleep, seen: refused.position! }, 'y')).reply).toBe('was x')
  expect((await once(retry(asleep), 'y')).reply).toBe('was x')
  expect((await c.leader()).range.describe().requestPosition).toBe(refused.position! + 1)
  expect(await rememberAlike(c)).toBeLessThan(1_000)
  // What is forgotten stays so after a restart.
  for (const node of c.nodes) await node.crash()
  for (const node of c.nodes) await node.start()
  await c.leader()
  expect((await once(retry(first), 'x')).code).toBe('OutcomeUnknown')
  await rememberAlike(c)
})

test('under leaders that come, go and crash every write is applied once, and nearly none stays unknown', async () => {
  const c = await serve(3)
  let stopped = false
  const told = new Map<string, Answer>()
  const write = async (name: string) => {
    const writer = new Writer(name)
    for (let i = 0; !stopped; i++) {
      const answer = await writer.write(leading(c), APPEND, append(name, `${i},`))
      told.set(`${name} ${i}`, answer)
      // The answer is the one of its only application.
      expect(answer).toMatchObject({ code: undefined, reply: `was ${upTo(i)}` })
    }
  }
  const writers = Promise.all(Array.from({ length: 8 }, (_, i) => write(`w${i}`)))
  let ended = false
  const end = writers.finally(() => (ended = true))
  end.catch(() => {})
  const reached = (count: number) => {
    const from = told.size
    return until(() => ended || told.size >= from + count, `${count} more writes`)
  }
  for (let round = 0; round < 6; round++) {
    await reached(100)
    const leader = await c.leader()
    if (round % 3 === 0) {
      c.isolate(leader)
      await c.leader(() => c.running.filter((node) => node !== leader))
      await reached(50)
      c.heal()
    } else if (round % 3 === 1) {
      await lead(c, c.follower(leader))
    } else {
      await leader.crash()
      await c.leader()
      await leader.start()
    }
  }
  await reached(100)
  stopped = true
  await end
  await rememberAlike(c)
  for (let i = 0; i < 8; i++) {
    const count = [...told.keys()].filter((key) => key.startsWith(`w${i} `)).length
    expect(await c.get(`w${i}`)).toBe(upTo(count))
  }
})

const upTo = (count: number): string => Array.from({ length: count }, (_, i) => `${i},`).join('')
