/** The server as callers meet it that are not ours: grpc-js, and sockets that speak nonsense. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { KvError } from '@base-kv/base'
import grpc from '@grpc/grpc-js'
import { once } from 'node:events'
import * as http2 from 'node:http2'
import * as net from 'node:net'
import { openChannel, parseAddress, type RpcServer, type ServiceTable, startRpcServer } from '../src/index.ts'
import { failure, log, until } from './support.ts'

const pass = (bytes: Buffer): Buffer => bytes
let server: RpcServer
let cancelled = 0
let stopEndless = false
let endlessWritten = 0

const service: ServiceTable = {
  unary: {
    '/t.S/Echo': (request, call, reply) => {
      const metadata = [call.storeName(), call.get('x-extra') ?? '', Math.round(call.remainingMs() / 1000)]
      reply(null, Buffer.concat([request, Buffer.from(metadata.join('|'))]))
    },
    '/t.S/Fail': (_request, _call, reply) =>
      reply(new KvError('BadVersion', 'täglich 5 % mehr', { hint: 'käse → look' })),
    '/t.S/Throw': () => {
      throw new Error('surprise')
    },
    '/t.S/Never': (_request, call) => call.onCancel(() => void cancelled++),
  },
  serverStream: {
    '/t.S/Count': async (request, _call, stream) => {
      for (let i = 0; i < Number(request.toString()); i++) {
        if (!stream.write(Buffer.from(String(i)))) await stream.drained()
      }
      stream.end()
    },
    '/t.S/Endless': async (_request, call, stream) => {
      endlessWritten = 0
      while (!call.cancelled && !stopEndless) {
        endlessWritten++
        if (!stream.write(Buffer.alloc(64 * 1024))) await stream.drained()
      }
      cancelled++
    },
  },
  bidi: {
    '/t.S/Chat': (_call, stream) => {
      stream.onMessage = (request) => void stream.write(request)
      stream.onEnd = () => stream.end()
    },
  },
}

beforeEach(async () => {
  cancelled = 0
  stopEndless = false
  server = await startRpcServer({
    bind: '127.0.0.1:0',
    log,
    services: [service],
    limits: { pingTimeoutMs: 200 },
  })
})
const cleanups: (() => void)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0)) clean()
  await server.close(0)
})

function grpcClient(options: object = {}): grpc.Client {
  const client = new grpc.Client(server.address, grpc.credentials.createInsecure(), options)
  cleanups.push(() => client.close())
  return client
}

function grpcUnary(path: string, request: Buffer, options: object = {}): Promise<Buffer> {
  const metadata = new grpc.Metadata()
  metadata.set('store_name', 'dist.worker')
  metadata.set('x-extra', 'more')
  return new Promise((resolve, reject) => {
    grpcClient().makeUnaryRequest(path, pass, pass, request, metadata, options, (error, reply) =>
      error ? reject(error) : resolve(reply as Buffer),
    )
  })
}

async function stillServes(): Promise<void> {
  const channel = openChannel(server.address)
  cleanups.push(() => channel.close())
  expect((await channel.unary('/t.S/Echo', Buffer.from('x'))).toString()).toBe('xkv.store||Infinity')
}

describe('for a grpc-js client', () => {
  test('unary: request, metadata and deadline arrive', async () => {
    const reply = await grpcUnary('/t.S/Echo', Buffer.from('hello '), { deadline: Date.now() + 20_300 })
    expect(reply.toString()).toBe('hello dist.worker|more|20')
  })

  test('large messages, both ways', async () => {
    const large = Buffer.alloc(3 * 1024 * 1024, 'z')
    const reply = await grpcUnary('/t.S/Echo', large)
    expect(reply.subarray(0, large.length).equals(large)).toBe(true)
  })

  test('an error has status, message and the trailers of base-kv', async () => {
    const error = (await failure(grpcUnary('/t.S/Fail', Buffer.alloc(0)))) as unknown as grpc.ServiceError
    expect(error.code).toBe(grpc.status.FAILED_PRECONDITION)
    expect(error.details).toBe('täglich 5 % mehr')
    expect(error.metadata.get('base-kv-code')).toEqual(['BadVersion'])
  })

  test('unknown methods, handlers that throw and messages over the limit get a status', async () => {
    const statusOf = async (path: string, request = Buffer.alloc(0)) =>
      ((await failure(grpcUnary(path, request))) as unknown as grpc.ServiceError).code
    expect(await statusOf('/t.S/Absent')).toBe(grpc.status.UNIMPLEMENTED)
    expect(await statusOf('/t.S/Throw')).toBe(grpc.status.INTERNAL)
    expect(await statusOf('/t.S/Echo', Buffer.alloc(5 * 1024 * 1024))).toBe(grpc.status.INVALID_ARGUMENT)
    await stillServes()
  })

  test('server stream and bidirectional stream', async () => {
    const numbers: string[] = []
    const stream = grpcClient().makeServerStreamRequest('/t.S/Count', pass, pass, Buffer.from('2000'))
    for await (const message of stream) numbers.push(String(message))
    expect(numbers).toHaveLength(2000)
    expect(numbers[1999]).toBe('1999')

    const chat = grpcClient().makeBidiStreamRequest('/t.S/Chat', pass, pass)
    const replies: string[] = []
    chat.on('data', (message: Buffer) => replies.push(message.toString()))
    for (let i = 0; i < 100; i++) chat.write(Buffer.from(`m${i}`))
    chat.end()
    await once(chat, 'end')
    expect(replies).toEqual(Array.from({ length: 100 }, (_, i) => `m${i}`))
  })

  test('a call given up is told to its handler; a deadline that passes too', async () => {
    const call = grpcClient().makeUnaryRequest('/t.S/Never', pass, pass, Buffer.alloc(0), () => {})
    await until(() => call.getPeer() !== 'unknown')
    await failure(grpcUnary('/t.S/Never', Buffer.alloc(0), { deadline: Date.now() + 100 }))
    await until(() => cancelled >= 1)
    call.cancel()
    await until(() => cancelled === 2)
  })

  test('a reader that stops reading stops the writer', async () => {
    const stream = grpcClient().makeServerStreamRequest('/t.S/Endless', pass, pass, Buffer.alloc(0))
    stream.once('data', () => stream.pause())
    let before = -1
    await until(() => {
      const still = endlessWritten > 0 && endlessWritten === before
      before = endlessWritten
      return still
    })
    expect(endlessWritten).toBeLessThan(200)
    stream.on('error', () => {})
    stream.cancel()
    await until(() => cancelled === 1)
  })

  test('health and reflection', async () => {
    const check = (name: string) => {
      const request = Buffer.concat([Buffer.from([0x0a, name.length]), Buffer.from(name)])
      return grpcUnary('/grpc.health.v1.Health/Check', request)
    }
    expect(await failure(check('kv'))).toMatchObject({ code: grpc.status.NOT_FOUND })
    server.setHealth('kv', true)
    expect([...(await check('kv'))]).toEqual([8, 1])
    const watch = grpcClient().makeServerStreamRequest(
      '/grpc.health.v1.Health/Watch',
      pass,
      pass,
      Buffer.from([10, 2, 107, 118]),
    )
    watch.on('error', () => {})
    const seen: number[] = []
    watch.on('data', (message: Buffer) => seen.push(message[1] as number))
    await until(() => seen.length === 1)
    server.setHealth('kv', false)
    await until(() => seen.length === 2)
    expect(seen).toEqual([1, 2])
    watch.cancel()

    for (const version of ['v1', 'v1alpha']) {
      const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`
      const info = grpcClient().makeBidiStreamRequest(path, pass, pass)
      info.write(Buffer.from([0x3a, 1, 42])) // list_services
      info.write(
        Buffer.concat(
          [Buffer.from([0x22, 13]), Buffer.from('basekv.v1.KV.')].map((b, i) =>
            i ? b.subarray(0, 12) : Buffer.from([0x22, 12]),
          ),
        ),
      ) // file_containing_symbol
      info.end()
      const answers: string[] = []
      for await (const answer of info) answers.push((answer as Buffer).toString('latin1'))
      expect(answers).toHaveLength(2)
      for (const name of ['basekv.v1.KV', 'basekv.v1.Peer', 'basekv.v1.BaseKVStore', 'grpc.health.v1.Health']) {
        expect(answers[0]).toContain(name)
      }
      expect(answers[1]).toContain('CompareAndSetRequest')
    }
  })
})

describe('for strangers', () => {
  const { connect } = net
  const dial = async (): Promise<net.Socket> => {
    const { host, port } = parseAddress(server.address)
    const socket = connect(port, host)
    cleanups.push(() => socket.destroy())
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }

  test('garbage is answered by closing', async () => {
    for (const garbage of [
      'GET / HTTP/1.1\r\n\r\n',
      '\0\0\0\0\0\0\0\0'.repeat(50),
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff',
    ]) {
      const socket = await dial()
      socket.resume()
      socket.write(Buffer.from(garbage, 'latin1'))
      await once(socket, 'close')
    }
    await stillServes()
  })

  test('a connection that says nothing is closed', async () => {
    const socket = await dial()
    socket.resume()
    await once(socket, 'close')
    await stillServes()
  })

  test('connections cut in the middle of a request', async () => {
    const session = http2.connect(`http://${server.address}`)
    session.on('error', () => {})
    const stream = session.request({ ':method': 'POST', ':path': '/t.S/Never', 'content-type': 'application/grpc' })
    stream.on('error', () => {})
    stream.end(Buffer.from([0, 0, 0, 0, 0]))
    await once(session, 'remoteSettings')
    const half = session.request({ ':method': 'POST', ':path': '/t.S/Echo', 'content-type': 'application/grpc' })
    half.on('error', () => {})
    half.write(Buffer.from([0, 0, 0, 1, 0, 1, 2]))
    await new Promise((resolve) => session.ping(resolve))
    session.destroy()
    await until(() => cancelled === 1)
    await stillServes()
  })

  test('what is no gRPC call gets an HTTP status, what is a bad one a gRPC status', async () => {
    const session = http2.connect(`http://${server.address}`)
    cleanups.push(() => session.destroy())
    const ask = async (headers: http2.OutgoingHttpHeaders, body: Buffer) => {
      const stream = session.request({ ':method': 'POST', ':path': '/t.S/Echo', ...headers })
      stream.on('error', () => {})
      const trailers: Record<string, unknown> = {}
      stream.on('trailers', (more) => Object.assign(trailers, more))
      stream.end(body)
      const [response] = (await once(stream, 'response')) as [http2.IncomingHttpHeaders]
      stream.resume()
      if (!stream.closed) await once(stream, 'close')
      return { ...response, ...trailers }
    }
    const type = { 'content-type': 'application/grpc' }
    expect(await ask({ 'content-type': 'text/plain' }, Buffer.alloc(5))).toMatchObject({ ':status': 415 })
    expect(await ask(type, Buffer.alloc(0))).toMatchObject({ 'grpc-status': '3' })
    expect(await ask(type, Buffer.alloc(10))).toMatchObject({ 'grpc-status': '3' })
    expect(await ask(type, Buffer.from([0, 0, 0, 0, 9, 1]))).toMatchObject({ 'grpc-status': '3' })
    expect(await ask(type, Buffer.from([1, 0, 0, 0, 1, 1]))).toMatchObject({ 'grpc-status': '12' })
    expect(await ask(type, Buffer.from([0, 255, 255, 255, 255, 1]))).toMatchObject({ 'grpc-status': '3' })
    expect(await ask({ ...type, 'grpc-timeout': 'soon' }, Buffer.alloc(5))).toMatchObject({ 'grpc-status': '0' })
    await stillServes()
  })
})

describe('starting and stopping', () => {
  test('a taken port is a configuration error that names the port and --base-port', async () => {
    const { port } = parseAddress(server.address)
    const error = await failure(startRpcServer({ bind: server.address, log, services: [] }))
    expect(error.code).toBe('BadConfig')
    expect(error.message).toContain(String(port))
    expect(error.hint).toContain('--base-port')
    expect((await failure(startRpcServer({ bind: 'nonsense', log, services: [] }))).code).toBe('BadConfig')
  })

  test('close lets running calls end, and cuts those off that do not', async () => {
    let reply: (() => void) | undefined
    const other = await startRpcServer({
      bind: '127.0.0.1:0',
      log,
      services: [
        { unary: { '/t/Slow': (_request, _call, answer) => void (reply = () => answer(null, Buffer.from('ok'))) } },
      ],
    })
    const channel = openChannel(other.address)
    cleanups.push(() => channel.close())
    const slow = channel.unary('/t/Slow', Buffer.alloc(0))
    await until(() => reply !== undefined)
    const closing = other.close(5000)
    reply?.()
    expect((await slow).toString()).toBe('ok')
    await closing
    expect((await failure(channel.unary('/t/Slow', Buffer.alloc(0)))).code).toBe('Unreachable')

    const hard = openChannel(server.address)
    cleanups.push(() => hard.close())
    const never = failure(hard.unary('/t.S/Never', Buffer.alloc(0)))
    await hard.unary('/t.S/Echo', Buffer.alloc(0))
    await server.close(50)
    expect((await never).code).toBe('OutcomeUnknown')
  })
})
