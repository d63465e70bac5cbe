/** What a client may send that is wrong, too much, or nothing at all: an answer in time, and no harm to anybody else. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { KvError, limits, toKvError } from '@base-kv/base'
import { openChannel } from '@base-kv/rpc'
import { TestCluster } from '../harness/cluster.ts'
import { until } from '../harness/until.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await TestCluster.up()
})
afterAll(() => cluster?.close())

const works = async () => {
  await cluster.ok(['put', 'works', 'yes'])
  expect(await cluster.ok(['get', 'works'])).toBe('yes\n')
}

const failure = async (answer: Promise<unknown>): Promise<KvError> => {
  try {
    await answer
  } catch (thrown) {
    return toKvError(thrown)
  }
  throw new Error('it did not fail')
}

/** One unary call with bytes of our own, past the client library's checks. */
async function call(path: string, body: Uint8Array): Promise<Uint8Array> {
  const channel = openChannel(cluster.endpoints[0]!)
  try {
    return await channel.unary(path, body, { deadlineMs: 10_000 })
  } finally {
    channel.close()
  }
}

/** Protobuf: field 1 and field 2, both bytes. */
function putRequest(key: Uint8Array, value: Uint8Array): Uint8Array {
  const varint = (length: number): number[] =>
    length < 128 ? [length] : [(length & 127) | 128, ...varint(length >> 7)]
  return Buffer.concat([
    Buffer.from([10, ...varint(key.length)]),
    key,
    Buffer.from([18, ...varint(value.length)]),
    value,
  ])
}

describe('limits', () => {
  test('an empty key, a key or value over the limit: exit code 2, told what is allowed', async () => {
    const cases: [string[], RegExp, Uint8Array?][] = [
      [['put', '', 'v'], /the key is empty/],
      [['get', ''], /the key is empty/],
      [['put', 'k'.repeat(limits.keyBytesMax + 1), 'v'], /key.*16385.*16384/],
      [['put', 'k', '--file', '-'], /value.*1048577.*1048576/, Buffer.alloc(limits.valueBytesMax + 1)],
    ]
    for (const [args, text, stdin] of cases) {
      const { code, stderr } = await cluster.run(args, stdin ? { stdin } : {})
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^error BAD_REQUEST: .*; .*\n$/) })
      expect(stderr).toMatch(text)
    }
    const key = 'k'.repeat(limits.keyBytesMax)
    await cluster.ok(['put', key, '--file', '-'], { stdin: Buffer.alloc(limits.valueBytesMax, 'v') })
    expect((await cluster.ok(['get', key])).length).toBe(limits.valueBytesMax + 1)
  })

  test('the server checks for itself', async () => {
    const put = (key: Uint8Array, value: Uint8Array) => failure(call('/basekv.v1.KV/Put', putRequest(key, value)))
    expect(await put(Buffer.alloc(0), Buffer.from('v'))).toMatchObject({ code: 'BadRequest' })
    expect(await put(Buffer.alloc(limits.keyBytesMax + 1), Buffer.from('v'))).toMatchObject({ code: 'BadRequest' })
    expect(await put(Buffer.from('k'), Buffer.alloc(limits.valueBytesMax + 1))).toMatchObject({ code: 'BadRequest' })
    await works()
  })

  test('a request over the frame limit, a message that is no message, a method that is none', async () => {
    const large = await failure(
      call('/basekv.v1.KV/Put', putRequest(Buffer.from('k'), Buffer.alloc(limits.requestBytesMax))),
    )
    expect(['BadRequest', 'OutcomeUnknown']).toContain(large.code)
    expect(large.message).toMatch(/\d{7}|limit|large/i)
    expect(await failure(call('/basekv.v1.KV/Put', randomBytes(64)))).toMatchObject({ code: 'BadRequest' })
    expect(await failure(call('/basekv.v1.KV/Nothing', Buffer.alloc(0)))).toMatchObject({ code: 'Unimplemented' })
    await works()
  })
})

describe('connections', () => {
  const dial = async (): Promise<Socket> => {
    const port = Number(cluster.endpoints[0]!.split(':')[1])
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }

  test('garbage is cut off; everybody else goes on', async () => {
    for (const bytes of [randomBytes(4096), Buffer.from('GET / HTTP/1.1\r\nhost: x\r\n\r\n')]) {
      const socket = await dial()
      const closed = once(socket, 'close')
      socket.resume().write(bytes)
      await Promise.race([closed, sleep(10_000).then(() => Promise.reject(new Error('still open')))])
    }
    await works()
  })

  test('a hundred connections that say nothing, or stop in the middle, hinder nobody, nor a stop', async () => {
    const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    const sockets = await Promise.all(Array.from({ length: 100 }, dial))
    for (const [index, socket] of sockets.entries())
      if (index % 2 === 0) socket.write(preface.subarray(0, 1 + (index % 24)))
    await works()
    const begun = performance.now()
    await cluster.ok(['cluster', 'stop', 'n1'])
    expect(performance.now() - begun).toBeLessThan(10_000)
    for (const socket of sockets) socket.destroy()
    await cluster.ok(['cluster', 'start', 'n1'])
    await cluster.caughtUp('n1')
  })
})

describe('without a quorum', () => {
  let followers: string[] = []
  beforeEach(async () => {
    const leader = await cluster.leader()
    followers = ['n1', 'n2', 'n3'].filter((name) => name !== leader)
  })

  test('reads and writes are refused within their deadline; both work again when it is back', async () => {
    for (const name of followers) await cluster.ok(['cluster', 'kill', name])
    const begun = performance.now()
    const get = await cluster.run(['get', 'works', '--timeout', '2s'])
    expect(get).toMatchObject({ code: 69, stderr: expect.stringMatching(/^error TRY_LATER: .+; .+\n$/) })
    const put = await cluster.run(['put', 'works', 'no', '--timeout', '2s'])
    expect([69, 75]).toContain(put.code)
    expect(performance.now() - begun).toBeLessThan(10_000)
    const status = await cluster.run(['status', '--timeout', '2s'])
    expect(status.code).toBe(69)
    expect(status.stdout).toContain('no leader')
    for (const name of followers) await cluster.ok(['cluster', 'start', name])
    await until('writes work again', async () => (await cluster.run(['put', 'works', 'yes'])).code === 0)
  })

  test('a full queue refuses with TryLater and takes no harm', async () => {
    for (const name of followers) await cluster.ok(['cluster', 'pause', name])
    const leader = ['n1', 'n2', 'n3'].find((name) => !followers.includes(name))!
    const endpoints = [cluster.node(leader).rpc]
    const clients = Array.from({ length: 3 }, () => cluster.client({ endpoints, timeoutMs: 3_000 }))
    const codes = new Map<string, number>()
    const count = (code: string) => codes.set(code, (codes.get(code) ?? 0) + 1)
    await Promise.all(
      clients.flatMap((client, c) =>
        Array.from({ length: limits.pendingCommandsMax / 2 }, (_, i) =>
          client.put(`queue/${c}/${i}`, 'v').then(
            () => count('ok'),
            (thrown: unknown) => count(toKvError(thrown).code),
          ),
        ),
      ),
    )
    for (const client of clients) client.close()
    // Refused for want of room, or of a leader once it stepped down; the rest nobody knows. None acknowledged.
    expect(codes.get('ok') ?? 0).toBe(0)
    expect(codes.get('TryLater') ?? 0).toBeGreaterThan(0)
    expect(
      [...codes.keys()].filter((code) => !['TryLater', 'OutcomeUnknown', 'DeadlineExceeded'].includes(code)),
    ).toEqual([])
    for (const name of followers) await cluster.ok(['cluster', 'resume', name])
    await until('writes work again', async () => (await cluster.run(['put', 'works', 'yes'])).code === 0)
    await works()
  })
})
