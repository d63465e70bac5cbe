import { afterEach, describe, expect, test } from '@jest/globals'
import { openChannel, readTls, startRpcServer, type TlsOptions } from '../src/index.ts'
import { authority } from './certificates.ts'
import { failure, log } from './support.ts'

const cleanups: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
})

let served = 0

async function start(tls: TlsOptions | undefined): Promise<string> {
  served = 0
  const server = await startRpcServer({
    bind: '127.0.0.1:0',
    ...(tls === undefined ? {} : { tls }),
    log,
    services: [
      {
        unary: {
          '/t/Echo': (request, _call, reply) => {
            served++
            reply(null, request)
          },
        },
      },
    ],
  })
  cleanups.push(() => server.close(0))
  return server.address
}

function open(address: string, tls?: TlsOptions) {
  const channel = openChannel(address, tls === undefined ? {} : { tls })
  cleanups.push(() => channel.close())
  return channel
}

const ask = (address: string, tls?: TlsOptions) => open(address, tls).unary('/t/Echo', Buffer.from('hi'))

describe('mutual TLS', () => {
  const ours = authority('ours')

  test('both with certificates of one authority', async () => {
    const address = await start(ours.issue())
    const channel = open(address, ours.issue())
    for (let i = 0; i < 3; i++) expect((await channel.unary('/t/Echo', Buffer.from('hi'))).toString()).toBe('hi')
  })

  test('a caller with a certificate of another authority is not served and learns why', async () => {
    const { cert, key } = authority('other').issue()
    const mine = ours.issue()
    const error = await failure(ask(await start(mine), { ca: mine.ca, cert, key }))
    // With TLS 1.3 a refused caller sees no more than a connection that closes.
    expect(['Unauthenticated', 'Unreachable']).toContain(error.code)
    expect(error).toMatchObject({ applied: 'no', hint: expect.stringContaining('tls.ca') })
    expect(served).toBe(0)
  })

  test('a server with a certificate of another authority is not told anything', async () => {
    const error = await failure(ask(await start(authority('other').issue()), ours.issue()))
    expect(error.code).toBe('Unauthenticated')
    expect(error.hint).toContain('tls.ca')
    expect(served).toBe(0)
  })

  test('a caller without TLS, and TLS towards a server without it', async () => {
    const plain = await failure(ask(await start(ours.issue())))
    expect(plain).toMatchObject({ code: 'Unreachable', hint: expect.stringContaining('TLS') })
    const secure = await failure(ask(await start(undefined), ours.issue()))
    expect(secure).toMatchObject({ code: 'Unreachable', hint: expect.stringContaining('TLS') })
  })

  test('files that do not fit, and files that are not there, are configuration errors', async () => {
    const { ca, cert } = ours.issue()
    const error = await failure(start({ ca, cert, key: ours.issue().key }))
    expect(error).toMatchObject({ code: 'BadConfig' })
    const missing = await failure(readTls({ ca: '/nowhere/ca.pem', cert: 'x', key: 'y' }))
    expect(missing).toMatchObject({ code: 'BadConfig', message: expect.stringContaining('tls.') })
  })
})
