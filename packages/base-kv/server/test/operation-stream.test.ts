import { afterEach, describe, expect, test } from '@jest/globals'
import { KvError, limits } from '@base-kv/base'
import { clientIdFromHex, type Stamp } from '@base-kv/range'
import { type MemoryNetwork, memoryNetwork } from '@base-kv/rpc'
import type { Gateway, GatewayReply, GatewayRequest } from '../src/index.ts'
import { FORWARD_PATH, forwardHandler } from '../src/index.ts'
import { OperationStream } from '../src/operation-stream.ts'

const request = (fields: Partial<GatewayRequest> = {}): GatewayRequest => ({
  store: 'kv.store',
  key: Buffer.from('k'),
  write: true,
  kind: 1,
  consistency: 0,
  body: Buffer.from('body'),
  ...fields,
})

const turn = () => new Promise((resolve) => setTimeout(resolve, 5))

async function until(done: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + 5_000
  while (!done()) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain: ${what}`)
    await turn()
  }
}

interface Taken {
  readonly request: GatewayRequest
  readonly hops: number
  readonly reply: GatewayReply
}

let network: MemoryNetwork
let served: { close(): void } | null = null
const streams: OperationStream[] = []
afterEach(() => {
  for (const stream of streams.splice(0)) stream.close()
  served?.close()
  served = null
})

/** A node that takes operations, and a stream to it. */
function connect(answering = true) {
  network = memoryNetwork()
  const taken: Taken[] = []
  const gateway = {
    executeForwarded: (one: GatewayRequest, hops: number, reply: GatewayReply) =>
      taken.push({ request: one, hops, reply }),
  } as unknown as Gateway
  if (answering) served = network.serve('b', [{ bidi: { [FORWARD_PATH]: forwardHandler(gateway) } }])
  let ends = 0
  const stream = new OperationStream(network.openChannel('a', 'b'), () => ends++)
  streams.push(stream)
  return { taken, stream, ended: () => ends }
}

const answers = () => {
  const got: (string | null)[] = []
  const reply: GatewayReply = (error, response) => got.push(error ? error.code : Buffer.from(response!).toString())
  return { got, reply }
}

describe('operations on their way to another node', () => {
  test('arrive whole, and answers find their operation in any order', async () => {
    const { taken, stream } = connect()
    const [a, b] = [answers(), answers()]
    stream.send(request({ key: Buffer.from('a'), consistency: 1, write: false, kind: 2 }), 1, a.reply)
    stream.send(request({ key: Buffer.from('b') }), 2, b.reply)
    await until(() => taken.length === 2, 'both arrive')
    expect(taken[0]).toMatchObject({ hops: 1, request: { store: 'kv.store', write: false, kind: 2, consistency: 1 } })
    expect(Buffer.from(taken[1]!.request.key).toString()).toBe('b')
    expect(taken[1]!.hops).toBe(2)
    taken[1]!.reply(null, Buffer.from('second'))
    taken[0]!.reply(new KvError('NoSpace', 'full', { hint: 'delete something' }))
    await until(() => a.got.length + b.got.length === 2, 'both answers')
    expect([a.got, b.got]).toEqual([['NoSpace'], ['second']])
  })

  test('a stamp arrives as it is, and the position of the range comes back with answers and refusals', async () => {
    const { taken, stream } = connect()
    const stamp: Stamp = {
      client: clientIdFromHex('00ff'.repeat(8))!,
      sequence: 2 ** 40,
      seen: 2 ** 33,
      isRetry: true,
    }
    const got: (number | undefined)[] = []
    const reply: GatewayReply = (_error, _response, position) => got.push(position)
    stream.send(request({ stamp }), 1, reply)
    stream.send(request(), 1, reply)
    stream.send(request({ stamp }), 1, reply)
    await until(() => taken.length === 3, 'all arrive')
    expect(taken.map((one) => one.request.stamp)).toEqual([stamp, null, stamp])
    taken[0]!.reply(null, Buffer.from('done'), 2 ** 34)
    taken[1]!.reply(null, Buffer.from('done'))
    taken[2]!.reply(new KvError('TryLater', 'too old'), undefined, 0)
    await until(() => got.length === 3, 'all answers')
    expect(got).toEqual([2 ** 34, undefined, 0])
  })

  test('a stream that breaks leaves writes unknown; reads, and what had not left, may be sent again', async () => {
    const { taken, stream, ended } = connect()
    const [write, read, unsent] = [answers(), answers(), answers()]
    stream.send(request(), 1, write.reply)
    stream.send(request({ write: false }), 1, read.reply)
    await until(() => taken.length === 2, 'both arrive')
    stream.send(request(), 1, unsent.reply)
    stream.close()
    expect(ended()).toBe(1)
    expect([write.got, read.got, unsent.got]).toEqual([['OutcomeUnknown'], ['TryLater'], ['TryLater']])
    expect(stream.send(request(), 1, write.reply)).toBe(false)
    expect(write.got).toHaveLength(1)
  })

  test('a node that is killed leaves its writes unknown', async () => {
    const { taken, stream, ended } = connect()
    const write = answers()
    stream.send(request(), 1, write.reply)
    await until(() => taken.length === 1, 'it arrives')
    served!.close()
    await until(() => ended() === 1, 'it breaks')
    expect(write.got).toEqual(['OutcomeUnknown'])
    // Too late for anybody.
    taken[0]!.reply(null, Buffer.from('done'))
  })

  test('a node that is not there has certainly not applied anything', async () => {
    const { stream, ended } = connect(false)
    const write = answers()
    stream.send(request(), 1, write.reply)
    await until(() => ended() === 1, 'it ends')
    expect(write.got).toEqual(['TryLater'])
  })

  test('answers as large as values may be share no frame that is too large', async () => {
    const { taken, stream } = connect()
    const all = answers()
    for (let i = 0; i < 30; i++)
      stream.send(request({ write: false }), 1, (error, reply) => all.got.push(error?.code ?? String(reply?.length)))
    await until(() => taken.length === 30, 'all arrive')
    for (const one of taken) one.reply(null, Buffer.alloc(limits.valueBytesMax))
    await until(() => all.got.length === 30, 'all answers')
    expect(new Set(all.got)).toEqual(new Set([String(limits.valueBytesMax)]))
  })

  test('large operations of one turn leave in several frames', async () => {
    const { taken, stream } = connect()
    const all = answers()
    for (let i = 0; i < 12; i++) stream.send(request({ body: Buffer.alloc(3 * 1024 * 1024) }), 1, all.reply)
    await until(() => taken.length === 12, 'all arrive')
    for (const one of taken) one.reply(null, Buffer.from('done'))
    await until(() => all.got.length === 12, 'all answers')
  })

  test('what does not fit is refused at once', () => {
    const { stream } = connect()
    const all = answers()
    for (let i = 0; i < limits.pipelineInFlightMax; i++) expect(stream.send(request(), 1, all.reply)).toBe(true)
    expect(stream.send(request(), 1, all.reply)).toBe(false)
    expect(all.got).toEqual([])
  })

  test('an unknown code of a newer node says nothing for certain', async () => {
    const { taken, stream } = connect()
    const write = answers()
    stream.send(request(), 1, write.reply)
    await until(() => taken.length === 1, 'it arrives')
    taken[0]!.reply({ code: 'Melted', message: 'what is that' } as unknown as KvError)
    await until(() => write.got.length === 1, 'an answer')
    expect(write.got).toEqual(['InternalError'])
  })

  test('garbage on the stream ends that stream and nothing else', async () => {
    const { taken, stream } = connect()
    let error: KvError | undefined
    const bad = network
      .openChannel('c', 'b')
      .bidi(FORWARD_PATH, { onMessage() {}, onEnd: (thrown) => (error = thrown) })
    bad.write(Buffer.from([0x0a, 0xff, 0x01]))
    await until(() => error !== undefined, 'it is refused')
    const good = answers()
    stream.send(request(), 1, good.reply)
    await until(() => taken.length === 1, 'the other one works')
    taken[0]!.reply(null, Buffer.from('done'))
    await until(() => good.got.length === 1, 'an answer')
  })
})
