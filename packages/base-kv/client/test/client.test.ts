import { KvError, limits } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import { afterEach, describe, expect, test } from '@jest/globals'
import { connect } from 'node:net'
import { type ClientOptions, type KvClient, openClient } from '../src/index.ts'
import { realDeps } from '../src/options.ts'
import { answer, FakeCluster, type SeenOp, strangeServer } from './fake-cluster.ts'

const closing: (() => void | Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function startCluster(count: number, change?: (cluster: FakeCluster) => void): Promise<FakeCluster> {
  const cluster = await FakeCluster.start(count, change)
  closing.push(() => cluster.stop())
  return cluster
}

function open(options: ClientOptions): KvClient {
  const client = openClient(options)
  closing.push(() => client.close())
  return client
}

async function startStrange(answerTo: Parameters<typeof strangeServer>[0]): Promise<string> {
  const server = await strangeServer(answerTo)
  closing.push(() => server.close())
  return server.address
}

const textOf = (bytes: Uint8Array | undefined): string | undefined => bytes && Buffer.from(bytes).toString()

async function errorFrom(promise: Promise<unknown>): Promise<KvError> {
  const error = await promise.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(KvError)
  return error as KvError
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

describe('what a caller does', () => {
  test('puts, gets, deletes, compares and sets, and batches', async () => {
    const cluster = await startCluster(3)
    const client = open({ endpoints: cluster.endpoints })
    await client.put('k', 'v')
    expect(textOf(await client.get('k'))).toBe('v')
    expect(await client.get('absent')).toBeUndefined()
    await client.put(Uint8Array.of(0, 255), Uint8Array.of())
    expect(await client.get(Uint8Array.of(0, 255))).toEqual(new Uint8Array())
    expect(await client.compareAndSet('c', { expect: null, value: '1' })).toEqual({ succeeded: true })
    expect(await client.compareAndSet('c', { expect: null, value: '2' })).toEqual({
      succeeded: false,
      current: new Uint8Array(Buffer.from('1')),
    })
    expect(await client.compareAndSet('nothing', { expect: 'x', value: '2' })).toEqual({ succeeded: false })
    await client.batch([{ put: { key: 'a', value: '1' } }, { delete: { key: 'k' } }])
    await client.batch([])
    expect(textOf(await client.get('a', { consistency: 'stale' }))).toBe('1')
    expect(await client.get('k', { consistency: 'lease' })).toBeUndefined()
    await client.delete('a')
    expect(await client.get('a')).toBeUndefined()
  })

  test('bytes given may be changed once the call returned', async () => {
    const cluster = await startCluster(1)
    const client = open({ endpoints: cluster.endpoints })
    const key = Buffer.from('key')
    const value = Buffer.from('value')
    const done = client.put(key, value)
    key.fill('x')
    value.fill('x')
    await done
    expect(textOf(await client.get('key'))).toBe('value')
  })

  test('what is called in one turn goes in one frame', async () => {
    const cluster = await startCluster(1)
    const client = open({ endpoints: cluster.endpoints })
    await client.put('first', 'x')
    const before = cluster.nodes[0]!.frames
    await Promise.all(Array.from({ length: 500 }, (_, i) => client.put(`k${i}`, `v${i}`)))
    expect(cluster.nodes[0]!.frames).toBe(before + 1)
    expect(cluster.map.size).toBe(501)
  })

  test('large values go in frames that a node takes', async () => {
    const cluster = await startCluster(1)
    const client = open({ endpoints: cluster.endpoints, timeoutMs: 20_000 })
    const value = Buffer.alloc(limits.valueBytesMax, 'x')
    await Promise.all(Array.from({ length: 12 }, (_, i) => client.put(`k${i}`, value)))
    const values = await Promise.all(Array.from({ length: 12 }, (_, i) => client.get(`k${i}`)))
    expect(values.every((got) => got !== undefined && value.equals(got))).toBe(true)
  })

  test('scans by range, prefix and limit, in pages and key by key', async () => {
    const cluster = await startCluster(3)
    for (let i = 0; i < 20; i++) cluster.map.set(`k${String(i).padStart(2, '0')}`, Buffer.from(`v${i}`))
    cluster.map.set('z', Buffer.from('z'))
    const client = open({ endpoints: cluster.endpoints })
    const keys = async (range: Parameters<KvClient['scan']>[0]): Promise<string[]> =>
      (await collect(client.scan(range))).map(({ key }) => textOf(key)!)
    expect(await keys({})).toHaveLength(21)
    expect(await keys({ prefix: 'k1' })).toEqual(Array.from({ length: 10 }, (_, i) => `k1${i}`))
    expect(await keys({ start: 'k03', end: 'k06' })).toEqual(['k03', 'k04', 'k05'])
    expect(await keys({ prefix: 'k', start: 'k18' })).toEqual(['k18', 'k19'])
    expect(await keys({ limit: 4 })).toEqual(['k00', 'k01', 'k02', 'k03'])
    expect(await keys({ start: 'b', end: 'a' })).toEqual([])
    const [page] = await collect(client.scanPages({ end: 'k02', keysOnly: true }))
    expect(page).toEqual([
      { key: new Uint8Array(Buffer.from('k00')), value: new Uint8Array() },
      { key: new Uint8Array(Buffer.from('k01')), value: new Uint8Array() },
    ])
  })

  test('describes all nodes, also when one is down, and hands leadership over', async () => {
    const cluster = await startCluster(3)
    const client = open({ endpoints: cluster.endpoints.slice(0, 1) })
    await cluster.nodes[2]!.kill()
    const { nodes, ranges } = await client.describe()
    expect(nodes.map(({ store, error }) => store?.node ?? error?.code)).toEqual(['n1', 'n2', 'Unreachable'])
    expect(ranges).toMatchObject([{ rangeId: '1_1', leader: cluster.nodes[0]!.storeId }])
    const range = await client.transfer({ rangeId: '1_1', to: 'n2' })
    expect(range.leader).toBe(cluster.nodes[1]!.storeId)
    expect(await errorFrom(client.transfer({ rangeId: '1_1', to: 'n9' }))).toMatchObject({ code: 'NotFound' })
    expect(await errorFrom(client.transfer({ rangeId: '7_7', to: 'n1' }))).toMatchObject({ code: 'NotFound' })
    expect(await errorFrom(client.transfer({ rangeId: '1_1', to: '0000' }))).toMatchObject({ code: 'BadRequest' })
  })
})

describe('refused before anything is sent', () => {
  test.each([
    ['an empty key', (client: KvClient) => client.put('', 'v'), /key is empty/],
    ['a long key', (client: KvClient) => client.get(Buffer.alloc(limits.keyBytesMax + 1)), /limit of 16384/],
    [
      'a large value',
      (client: KvClient) => client.put('k', Buffer.alloc(limits.valueBytesMax + 1)),
      /limit of 1048576/,
    ],
    [
      'too many operations in a batch',
      (client: KvClient) => client.batch(Array.from({ length: 4097 }, () => ({ delete: { key: 'k' } }))),
      /limit of 4096/,
    ],
    [
      'too many bytes in a batch',
      (client: KvClient) =>
        client.batch(Array.from({ length: 5 }, (_, i) => ({ put: { key: `${i}`, value: Buffer.alloc(1024 * 1024) } }))),
      /limit of 4194304/,
    ],
    ['a limit that is none', (client: KvClient) => collect(client.scan({ limit: 0 })), /limit of 0/],
  ])('%s', async (_, call, message) => {
    const cluster = await startCluster(1)
    const client = open({ endpoints: cluster.endpoints })
    const error = await errorFrom(call(client))
    expect(error).toMatchObject({ code: 'BadRequest', message: expect.stringMatching(message) })
    expect(error.hint).toBeTruthy()
    expect(cluster.nodes[0]!.ops).toBe(0)
  })

  test('more operations than may be under way', async () => {
    const cluster = await startCluster(1)
    const client = open({ endpoints: cluster.endpoints, inFlightMax: 3 })
    // The way stands before silence begins: on a busy machine to dial takes longer than these calls wait.
    expect(await client.get('k')).toBeUndefined()
    const answers = cluster.fate
    cluster.fate = () => ({ kind: 'silence', applied: false })
    const calls = Array.from({ length: 4 }, () => errorFrom(client.get('k', { timeoutMs: 100 })))
    expect(await calls[3]).toMatchObject({ code: 'TryLater', applied: 'no' })
    expect((await Promise.all(calls.slice(0, 3))).map(({ code }) => code)).toEqual(Array(3).fill('DeadlineExceeded'))
    cluster.fate = answers
    expect(await client.get('k')).toBeUndefined()
  })

  test('endpoints that are none', () => {
    expect(() => openClient({ endpoints: [] })).toThrow(KvError)
    expect(() => openClient({ endpoints: ['nonsense'] })).toThrow(/nonsense/)
  })

  test('a closed client', async () => {
    const cluster = await startCluster(1, (made) => (made.fate = () => ({ kind: 'silence', applied: true })))
    const client = open({ endpoints: cluster.endpoints })
    const sent = errorFrom(client.put('k', 'v'))
    await until(() => cluster.applied.length === 1)
    const unsent = errorFrom(client.put('k', 'w'))
    client.close()
    expect(await sent).toMatchObject({ code: 'OutcomeUnknown' })
    expect(await unsent).toMatchObject({ code: 'Unreachable', applied: 'no' })
    expect(await errorFrom(client.get('k'))).toMatchObject({ code: 'Unreachable' })
    expect(await errorFrom(collect(client.scan()))).toMatchObject({ code: 'Unreachable' })
  })
})

describe('routes', () => {
  test('operations go to the leader once it is known, and follow it when it moves', async () => {
    const cluster = await startCluster(3, (made) => (made.leader = 2))
    const client = open({ endpoints: cluster.endpoints })
    const ops = (): number[] => cluster.nodes.map((node) => node.ops)
    await putsUntil(client, () => cluster.nodes[2]!.ops > 3)
    cluster.moveLeader(0)
    await putsUntil(client, () => cluster.nodes[0]!.ops > 3)
    const before = ops()
    for (let i = 0; i < 10; i++) await client.put('k', 'v')
    expect(ops()).toEqual([before[0]! + 10, before[1], before[2]])
  })

  test('a leader that moved is found also when nodes pass on silently', async () => {
    const cluster = await startCluster(3, (made) => (made.tellsLeader = false))
    const client = open({ endpoints: cluster.endpoints })
    await putsUntil(client, () => cluster.nodes[0]!.ops > 3)
    cluster.moveLeader(2)
    await putsUntil(client, () => cluster.nodes[2]!.ops > 3)
    await cluster.nodes[2]!.kill()
    cluster.moveLeader(1)
    await client.get('k')
    await putsUntil(client, () => cluster.nodes[1]!.ops > 3)
  })

  test('followers that do not pass on cost retries, never an error', async () => {
    const cluster = await startCluster(3, (made) => {
      made.leader = 1
      made.followersForward = false
    })
    const client = open({ endpoints: cluster.endpoints.slice(0, 1) })
    await client.put('k', 'v')
    cluster.moveLeader(2)
    expect(textOf(await client.get('k'))).toBe('v')
    await client.put('k', 'w')
    expect(cluster.applied).toEqual(['v', 'w'])
  })

  test('one endpoint is enough: the leader is dialled where it says', async () => {
    const cluster = await startCluster(3, (made) => (made.leader = 1))
    const client = open({ endpoints: cluster.endpoints.slice(0, 1) })
    await putsUntil(client, () => cluster.nodes[1]!.ops > 0)
  })

  test('an advertised address that cannot be dialled does not matter', async () => {
    const cluster = await startCluster(3, (made) => (made.leader = 1))
    for (const node of cluster.nodes) node.advertised = `n${node.index + 1}.invalid:7701`
    const some = open({ endpoints: [cluster.endpoints[0]!] })
    for (let i = 0; i < 50; i++) await some.put(`k${i}`, 'v')
    expect(cluster.nodes[0]!.ops).toBe(50)
    // With all endpoints given the leader is found among them, by its store id.
    const all = open({ endpoints: cluster.endpoints })
    await putsUntil(all, () => cluster.nodes[1]!.ops > 0)
  })

  test('a store without a leader is waited for', async () => {
    let refusals = 0
    const cluster = await startCluster(3, (made) => {
      made.fate = () => (refusals++ < 20 ? { kind: 'refuse', code: v1.ReplyCode.TRY_LATER } : answer)
    })
    const client = open({ endpoints: cluster.endpoints })
    await client.put('k', 'v')
    expect(cluster.applied).toEqual(['v'])
    expect(refusals).toBeGreaterThan(20)
  })
})

describe('what went wrong, and what is certain then', () => {
  test('nothing listens: an error that says where and what to do, well before the deadline', async () => {
    const cluster = await startCluster(1)
    await cluster.nodes[0]!.kill()
    const client = open({ endpoints: cluster.endpoints, unreachablePatienceMs: 100, timeoutMs: 30_000 })
    const error = await errorFrom(client.put('k', 'v'))
    expect(error).toMatchObject({ code: 'Unreachable', applied: 'no' })
    expect(error.message).toContain(cluster.endpoints[0])
    expect(error.hint).toContain('base-kv cluster up')
    expect(await errorFrom(collect(client.scan()))).toMatchObject({ code: 'Unreachable' })
    expect(await errorFrom(client.describe())).toMatchObject({ code: 'Unreachable' })
  })

  test('a cluster that comes back within the patience is no error', async () => {
    const cluster = await startCluster(1)
    const client = open({ endpoints: cluster.endpoints, unreachablePatienceMs: 10_000 })
    await client.put('k', '1')
    await cluster.nodes[0]!.kill()
    const value = client.get('k')
    await cluster.nodes[0]!.revive()
    expect(textOf(await value)).toBe('1')
    await client.put('k', '2')
  })

  test('one endpoint of three is dead, one is silent: the third serves', async () => {
    const silent = await startStrange(() => {})
    const cluster = await startCluster(2)
    await cluster.nodes[0]!.kill()
    cluster.moveLeader(1)
    const client = open({ endpoints: [silent, ...cluster.endpoints], timeoutMs: 5_000 })
    await client.put('k', 'v')
    expect(cluster.applied).toEqual(['v'])
  })

  test.each([
    ['accepts and says nothing', () => {}],
    ['talks garbage', (socket: import('node:net').Socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['hangs up', (socket: import('node:net').Socket) => void socket.destroy()],
    ['wants TLS', (socket: import('node:net').Socket) => void socket.end(Buffer.from([21, 3, 3, 0, 2, 2, 40]))],
  ])('what listens is no node: it %s', async (_, answerTo) => {
    const address = await startStrange(answerTo)
    const client = open({ endpoints: [address], connectTimeoutMs: 100, unreachablePatienceMs: 50, timeoutMs: 10_000 })
    expect(await errorFrom(client.put('k', 'v'))).toMatchObject({ code: 'Unreachable', applied: 'no' })
  })

  test('a write that is sent and not answered in time is unknown; a read is late', async () => {
    const cluster = await startCluster(1)
    const client = open({ endpoints: cluster.endpoints })
    await client.get('k')
    cluster.fate = () => ({ kind: 'silence', applied: true })
    const errors = await Promise.all([
      errorFrom(client.put('k', 'v', { timeoutMs: 80 })),
      errorFrom(client.compareAndSet('c', { expect: null, value: 'v' }, { timeoutMs: 80 })),
      errorFrom(client.delete('d', { timeoutMs: 80 })),
      errorFrom(client.get('k', { timeoutMs: 80 })),
    ])
    expect(errors.map(({ code }) => code)).toEqual([
      'OutcomeUnknown',
      'OutcomeUnknown',
      'OutcomeUnknown',
      'DeadlineExceeded',
    ])
  })

  test('refused until the deadline: the last reason is told, and nothing was applied', async () => {
    const cluster = await startCluster(1, (made) => {
      made.fate = () => ({ kind: 'refuse', code: v1.ReplyCode.TRY_LATER })
    })
    const client = open({ endpoints: cluster.endpoints })
    const error = await errorFrom(client.put('k', 'v', { timeoutMs: 80 }))
    expect(error).toMatchObject({ code: 'TryLater', applied: 'no', hint: 'wait' })
    expect(error.message).toContain('refused on purpose')
    cluster.fate = () => ({ kind: 'refuse', code: v1.ReplyCode.NO_SPACE })
    const ops = cluster.nodes[0]!.ops
    expect(await errorFrom(client.put('k', 'v'))).toMatchObject({ code: 'NoSpace', applied: 'no' })
    expect(cluster.nodes[0]!.ops).toBe(ops + 1)
  })

  test('an answer after the deadline harms nothing', async () => {
    let release = (): void => {}
    const after = new Promise<void>((resolve) => (release = resolve))
    const cluster = await startCluster(1, (made) => {
      made.fate = ({ key }) => (key === 'slow' ? { kind: 'answerLater', after } : answer)
    })
    const client = open({ endpoints: cluster.endpoints })
    // On a busy machine dialling alone takes longer than the call may.
    await client.get('k')
    expect(await errorFrom(client.put('slow', 'v', { timeoutMs: 30 }))).toMatchObject({ code: 'OutcomeUnknown' })
    release()
    await client.put('k', 'w')
    expect(textOf(await client.get('slow'))).toBe('v')
  })

  test('a stream that breaks in the middle of a frame: each operation is applied, and none twice', async () => {
    let isBroken = false
    const cluster = await startCluster(1, (made) => {
      made.fate = ({ key }) => {
        if (key !== 'k3' || isBroken) return answer
        isBroken = true
        return { kind: 'applyAndBreak' }
      }
    })
    const client = open({ endpoints: cluster.endpoints })
    await client.put('first', '0')
    const settled = await Promise.allSettled([
      ...Array.from({ length: 6 }, (_, i) => client.put(`k${i}`, `v${i}`)),
      client.get('first'),
    ])
    const ends = settled.map((end) => (end.status === 'rejected' ? (end.reason as KvError).code : 'ok'))
    expect(ends).toEqual(Array(7).fill('ok'))
    expect(cluster.applied).toEqual(['0', 'v0', 'v1', 'v2', 'v3', 'v4', 'v5'])
  })

  test('a node that stops and says so: what it did not answer was not applied, and goes elsewhere', async () => {
    const cluster = await startCluster(2, (made) => {
      made.fate = ({ node }) => (node.index === 0 ? { kind: 'silence', applied: false } : answer)
    })
    const ends: (() => void)[] = []
    const client = openClient(
      { endpoints: cluster.endpoints },
      {
        ...realDeps,
        openChannel(address, options) {
          const channel = realDeps.openChannel(address, options)
          if (address !== cluster.endpoints[0]) return channel
          return {
            address,
            unary: (...call) => channel.unary(...call),
            serverStream: (...call) => channel.serverStream(...call),
            bidi(path, events, call) {
              ends.push(() => events.onEnd(undefined))
              return channel.bidi(path, events, call)
            },
            close: () => channel.close(),
          }
        },
      },
    )
    closing.push(() => client.close())
    // Silence at the first node: reads arrive there once it is known to lead.
    await until(() => {
      client.get('first', { timeoutMs: 50 }).catch(() => {})
      return cluster.nodes[0]!.ops > 0
    })
    const writes = Promise.all([client.put('a', '1'), client.compareAndSet('b', { expect: null, value: '2' })])
    const before = cluster.nodes[0]!.ops
    await until(() => cluster.nodes[0]!.ops >= before + 2)
    cluster.moveLeader(1)
    for (const end of ends) end()
    expect(await writes).toEqual([undefined, { succeeded: true }])
    expect(cluster.applied).toEqual(['1', '2'])
  })

  test('a write whose outcome is unknown is sent again as what it is, and its first answer is the answer', async () => {
    const seen: SeenOp[] = []
    const cluster = await startCluster(1, (made) => {
      made.position = 7
      made.fate = (op) => {
        seen.push(op)
        // What is heard meanwhile makes no difference to a write that may have been applied.
        made.position = 100
        return op.retry ? answer : { kind: 'applyAndSayUnknown' }
      }
    })
    const client = open({ endpoints: cluster.endpoints })
    await client.put('k', 'v')
    await client.delete('d')
    expect(await client.compareAndSet('c', { expect: null, value: 'c' })).toEqual({ succeeded: true })
    await client.batch([{ put: { key: 'b', value: 'b' } }])
    expect(cluster.applied).toEqual(['v', 'c', 'b'])
    const told = (retry: boolean) => seen.filter((op) => op.retry === retry).map(({ sequence }) => sequence)
    expect(told(false)).toEqual([1, 2, 3, 4])
    expect(told(true)).toEqual([1, 2, 3, 4])
    expect(seen.slice(0, 2).map((op) => op.seen)).toEqual([7, 7])
    const clients = new Set(seen.map((op) => op.client))
    expect(clients.size).toBe(1)
    expect([...clients][0]).toMatch(/^[0-9a-f]{32}$/)
    const other = open({ endpoints: cluster.endpoints })
    await other.put('k', 'w')
    expect(seen.at(-1)!.client).not.toBe(seen[0]!.client)
    expect(cluster.applied).toEqual(['v', 'c', 'b', 'w'])
  })

  test('a position that the range does not take is replaced, and the write goes on', async () => {
    const seen: number[] = []
    const cluster = await startCluster(1, (made) => {
      made.fate = (op) => {
        seen.push(op.seen)
        return op.seen === 500 ? answer : { kind: 'correct', code: v1.ReplyCode.TRY_LATER, position: 500 }
      }
    })
    const client = open({ endpoints: cluster.endpoints })
    await client.put('k', 'v')
    await client.put('k', 'w')
    expect(seen).toEqual([0, 500, 500])
    expect(cluster.applied).toEqual(['v', 'w'])
  })

  test('what the range has forgotten stays unknown, and is not asked for until the deadline', async () => {
    let attempts = 0
    const cluster = await startCluster(1, (made) => {
      made.fate = () =>
        attempts++ === 0
          ? { kind: 'sayUnknown' }
          : { kind: 'correct', code: v1.ReplyCode.OUTCOME_UNKNOWN, position: 500 }
    })
    const client = open({ endpoints: cluster.endpoints, timeoutMs: 30_000 })
    expect(await errorFrom(client.put('k', 'v'))).toMatchObject({ code: 'OutcomeUnknown' })
    expect(attempts).toBe(2)
  })

  test('a write that nobody answers is sent again before its deadline', async () => {
    let attempts = 0
    const cluster = await startCluster(1, (made) => {
      made.fate = ({ retry }) => {
        attempts++
        return retry ? answer : { kind: 'silence', applied: true }
      }
    })
    const client = open({ endpoints: cluster.endpoints, timeoutMs: 20_000, attemptTimeoutMs: 50 })
    await client.put('k', 'v')
    expect(attempts).toBe(2)
    expect(cluster.applied).toEqual(['v'])
  })

  test('after an unknown attempt a refusal is no proof any more', async () => {
    let attempts = 0
    const cluster = await startCluster(1, (made) => {
      made.fate = () =>
        attempts++ === 0 ? { kind: 'applyAndSayUnknown' } : { kind: 'refuse', code: v1.ReplyCode.NO_SPACE }
    })
    const client = open({ endpoints: cluster.endpoints })
    const error = await errorFrom(client.put('k', 'v'))
    expect(error).toMatchObject({ code: 'OutcomeUnknown' })
    expect(cluster.applied).toEqual(['v'])
  })

  test('a connection that goes silent without breaking is given up', async () => {
    const cluster = await startCluster(1)
    let isFrozen = false
    let frozen = 0
    const target = cluster.endpoints[0]!.split(':')
    const address = await startStrange((socket) => {
      const onward = connect(Number(target[1]), target[0])
      closing.push(() => void onward.destroy())
      onward.on('error', () => {})
      // Frozen: what this connection brings goes nowhere; a later one works.
      const mine = { frozen: false }
      socket.on('data', (chunk) => {
        mine.frozen ||= isFrozen
        if (mine.frozen) frozen++
        else onward.write(chunk)
      })
      onward.on('data', (chunk) => mine.frozen || socket.write(chunk))
    })
    cluster.nodes[0]!.advertised = address
    const client = open({ endpoints: [address], stuckMs: 200, timeoutMs: 20_000 })
    await client.put('k', 'v')
    isFrozen = true
    const sent = client.put('k', 'w')
    const read = client.get('k')
    await until(() => frozen > 0)
    isFrozen = false
    await sent
    expect(cluster.applied).toEqual(['v', 'w'])
    expect(['v', 'w']).toContain(textOf(await read))
  })

  test('a scan goes on behind the last key when its stream breaks', async () => {
    const cluster = await startCluster(2)
    for (let i = 10; i < 40; i++) cluster.map.set(`k${i}`, Buffer.from(`v${i}`))
    cluster.nodes[0]!.pagesBeforeBreak = 4
    const client = open({ endpoints: cluster.endpoints })
    const items = await collect(client.scan())
    expect(items.map(({ key, value }) => [textOf(key), textOf(value)])).toEqual(
      Array.from({ length: 30 }, (_, i) => [`k${i + 10}`, `v${i + 10}`]),
    )
  })
})

async function putsUntil(client: KvClient, condition: () => boolean): Promise<void> {
  while (!condition()) await client.put('k', 'v')
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}
