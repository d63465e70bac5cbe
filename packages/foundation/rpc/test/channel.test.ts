/** What a caller may conclude from a failure: "not applied" only when nothing can have reached the server. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { KvError } from '@base-kv/base'
import grpc from '@grpc/grpc-js'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import * as net from 'node:net'
import { openChannel, parseAddress, type RpcChannel, type ServiceTable, startRpcServer } from '../src/index.ts'
import { stallProxy } from './stall-proxy.ts'
import { failure, log, until } from './support.ts'

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

let served = 0
const service: ServiceTable = {
  unary: {
    '/t/Echo': (request, _call, reply) => {
      served++
      reply(null, request)
    },
    '/t/Never': () => void served++,
    '/t/Slow': (request, _call, reply) => void setTimeout(() => reply(null, request), 900),
  },
  bidi: {
    '/t/Deaf': (_call, stream) => stream.pause(),
    '/t/EndsFirst': (_call, stream) => {
      stream.onMessage = (request) => {
        stream.write(request)
        stream.end()
      }
    },
    '/t/FailsFirst': (_call, stream) => {
      stream.onMessage = (request) => {
        stream.write(request)
        stream.fail(new KvError('TryLater', 'enough'))
      }
    },
  },
}

async function start(bind = '127.0.0.1:0') {
  served = 0
  const server = await startRpcServer({ bind, log, services: [service] })
  cleanups.push(() => server.close(0))
  return server
}

function open(address: string, stuckMs = 400): RpcChannel {
  const channel = openChannel(address, { stuckMs, log })
  cleanups.push(() => channel.close())
  return channel
}

const hi = Buffer.from('hi')

describe('certainly not sent', () => {
  test('nobody listens', async () => {
    const server = await start()
    await server.close(0)
    const error = await failure(open(server.address).unary('/t/Echo', hi))
    expect(error).toMatchObject({ code: 'Unreachable', applied: 'no' })
    expect(error.message).toContain(server.address)
  })

  test('a name that does not exist', async () => {
    const error = await failure(open('no-such-host.invalid:7701', 1500).unary('/t/Echo', hi))
    expect(error).toMatchObject({ code: 'Unreachable', applied: 'no' })
  })

  test('the peer accepts and says nothing; a healthy one at the same address is found by the next call', async () => {
    const sockets: net.Socket[] = []
    const mute = net.createServer((socket) => void sockets.push(socket))
    mute.listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const { port } = mute.address() as net.AddressInfo
    const channel = open(`127.0.0.1:${port}`)
    expect(await failure(channel.unary('/t/Echo', hi))).toMatchObject({ code: 'Unreachable', applied: 'no' })
    expect(await failure(channel.unary('/t/Echo', hi, { deadlineMs: 50 }))).toMatchObject({ code: 'Unreachable' })
    mute.close()
    for (const socket of sockets) socket.destroy()
    await once(mute, 'close')
    await start(`127.0.0.1:${port}`)
    let reply: Buffer | undefined
    const end = performance.now() + 2000
    while (reply === undefined && performance.now() < end) {
      reply = await channel.unary('/t/Echo', hi).catch(() => undefined)
    }
    expect(reply?.toString()).toBe('hi')
  })

  test('the server says that it did not look at the call: GOAWAY, or the stream refused', async () => {
    const settings = Buffer.from('000000040000000000', 'hex')
    const goaway = Buffer.from('0000080700000000000000000000000000', 'hex')
    const raw = net.createServer((socket) => {
      socket.on('error', () => {})
      socket.write(settings)
      // The preface comes first; what follows our settings is the request.
      socket.once('data', () => socket.once('data', () => socket.end(goaway)))
    })
    const refusing = http2.createServer()
    refusing.on('stream', (stream) => {
      stream.on('error', () => {})
      stream.close(http2.constants.NGHTTP2_REFUSED_STREAM)
    })
    for (const server of [raw, refusing]) {
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      cleanups.push(() => server.close())
      const { port } = server.address() as net.AddressInfo
      const error = await failure(open(`127.0.0.1:${port}`).unary('/t/Echo', hi))
      expect(error).toMatchObject({ code: 'Unreachable', applied: 'no' })
    }
  })

  test('a GOAWAY that says it may have looked at the call is no such word', async () => {
    const server = http2.createServer()
    server.on('stream', (stream) => {
      stream.on('error', () => {})
      stream.session?.goaway(http2.constants.NGHTTP2_REFUSED_STREAM, stream.id ?? 1)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    cleanups.push(() => server.close())
    const { port } = server.address() as net.AddressInfo
    const error = await failure(open(`127.0.0.1:${port}`).unary('/t/Echo', hi))
    expect(error).toMatchObject({ code: 'OutcomeUnknown', applied: 'unknown' })
  })
})

describe('may have been sent', () => {
  test('the connection breaks before the answer', async () => {
    const server = await start()
    const lost = failure(open(server.address).unary('/t/Never', hi))
    await until(() => served === 1)
    await server.close(0)
    expect(await lost).toMatchObject({ code: 'OutcomeUnknown', applied: 'unknown' })
  })

  test('the network swallows the request, or its answer: unknown either way, and soon', async () => {
    const server = await start()
    const { port } = parseAddress(server.address)
    const proxy = await stallProxy(() => port)
    cleanups.push(() => proxy.close())
    const channel = open(`127.0.0.1:${proxy.port}`)
    await channel.unary('/t/Echo', hi)
    proxy.stall()
    const sentAt = performance.now()
    expect(await failure(channel.unary('/t/Echo', hi))).toMatchObject({ code: 'OutcomeUnknown', applied: 'unknown' })
    expect(performance.now() - sentAt).toBeLessThan(1500)
    // The stuck connection is gone with all that was on it; the next one works.
    proxy.flow()
    let reply: Buffer | undefined
    await until(() => {
      void channel.unary('/t/Echo', hi, { deadlineMs: 300 }).then(
        (bytes) => (reply = bytes),
        () => {},
      )
      return reply !== undefined
    })
  })

  test('the deadline passes', async () => {
    const server = await start()
    const error = await failure(open(server.address).unary('/t/Never', hi, { deadlineMs: 150 }))
    expect(error).toMatchObject({ code: 'DeadlineExceeded', applied: 'unknown' })
    expect(served).toBe(1)
  })

  test('the caller gives up, or closes the channel', async () => {
    const server = await start()
    const channel = open(server.address)
    const giveUp = new AbortController()
    const first = failure(channel.unary('/t/Never', hi, { signal: giveUp.signal }))
    await until(() => served === 1)
    giveUp.abort()
    expect(await first).toMatchObject({ code: 'Cancelled', applied: 'unknown' })
    const second = failure(channel.unary('/t/Never', hi))
    await until(() => served === 2)
    channel.close()
    expect(await second).toMatchObject({ code: 'OutcomeUnknown', applied: 'unknown' })
  })

  test('a server that is none of ours says UNAVAILABLE: that proves nothing', async () => {
    const foreign = new grpc.Server()
    foreign.register(
      '/t/Echo',
      (_call: unknown, answer: grpc.sendUnaryData<Buffer>) =>
        answer({ code: grpc.status.UNAVAILABLE, details: 'busy' }),
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
      'unary',
    )
    const port = await new Promise<number>((resolve, reject) => {
      foreign.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      )
    })
    cleanups.push(() => foreign.forceShutdown())
    const error = await failure(open(`127.0.0.1:${port}`).unary('/t/Echo', hi))
    expect(error).toMatchObject({ code: 'OutcomeUnknown', message: 'busy' })
  })
})

test('a slow answer is no silence', async () => {
  const server = await start()
  expect((await open(server.address, 200).unary('/t/Slow', hi)).toString()).toBe('hi')
})

test('thousands of calls at once on one connection', async () => {
  const server = await start()
  const channel = open(server.address, 5000)
  const replies = await Promise.all(
    Array.from({ length: 6000 }, (_, i) => channel.unary('/t/Echo', Buffer.from(`r${i}`))),
  )
  expect(replies.every((reply, i) => reply.toString() === `r${i}`)).toBe(true)
})

test.each([
  ['/t/EndsFirst', undefined],
  ['/t/FailsFirst', 'TryLater'],
])('a stream that the server ends first, %s, has ended, also while we had more to say', async (path, code) => {
  const server = await start()
  const replies: string[] = []
  const error = await new Promise<KvError | undefined>((resolve) => {
    const stream = open(server.address).bidi(path, {
      onMessage: (reply) => replies.push(reply.toString()),
      onEnd: resolve,
    })
    stream.write(hi)
  })
  expect(replies).toEqual(['hi'])
  expect(error?.code).toBe(code)
})

test('what a stream has queued is counted, so that its writer can stop', async () => {
  const server = await start()
  const stream = open(server.address).bidi('/t/Deaf', { onMessage() {}, onEnd() {} })
  let room = true
  let written = 0
  while (written < 64 * 1024 * 1024) {
    room = stream.write(Buffer.alloc(256 * 1024)) && room
    written += 256 * 1024
    await new Promise(setImmediate)
  }
  expect(room).toBe(false)
  expect(stream.queuedBytes).toBeGreaterThan(48 * 1024 * 1024)
  stream.cancel()
})
