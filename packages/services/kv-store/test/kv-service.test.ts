import { afterEach, describe, expect, test } from '@jest/globals'
import { KvError, limits } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import { clientIdFromHex } from '@base-kv/range'
import { type ClientBidi, memoryNetwork, type RpcChannel } from '@base-kv/rpc'
import type { Gateway, GatewayReply, GatewayRequest } from '@base-kv/server'
import { KvCommand, KvQuery, kvService } from '../src/index.ts'

interface Taken {
  readonly request: GatewayRequest
  readonly reply: GatewayReply
}

async function until(done: () => boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + 5_000
  while (!done()) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

let closing: (() => void)[] = []
afterEach(() => {
  for (const close of closing) close()
  closing = []
})

/** The service over a gateway that hands every operation to `onTake`, else to the test. */
function serve(onTake?: (one: Taken) => void) {
  const taken: Taken[] = []
  const gateway = {
    execute: (request: GatewayRequest, reply: GatewayReply) => {
      const one = { request, reply }
      taken.push(one)
      onTake?.(one)
    },
  } as unknown as Gateway
  const network = memoryNetwork()
  const served = network.serve('node', [kvService(gateway)])
  const channel = network.openChannel('client', 'node')
  closing.push(
    () => channel.close(),
    () => served.close(),
  )
  return { taken, channel }
}

const bytes = (text: string) => Buffer.from(text)
const put = (key: string, value = 'v') => ({ put: { key: bytes(key), value: bytes(value) } })

class Pipeline {
  readonly results: v1.PipelineResult.$Properties[] = []
  readonly frames: number[] = []
  ended: KvError | 'ok' | null = null
  readonly bidi: ClientBidi

  constructor(channel: RpcChannel, clientId?: string) {
    const events = {
      onMessage: (frame: Buffer) => {
        this.frames.push(frame.length)
        this.results.push(...(v1.PipelineReply.decode(frame).results ?? []))
      },
      onEnd: (error: KvError | undefined) => void (this.ended = error ?? 'ok'),
    }
    this.bidi = channel.bidi('/basekv.v1.KV/Pipeline', events, clientId ? { metadata: { client_id: clientId } } : {})
  }

  send(...ops: v1.PipelineOp.$Properties[]): void {
    this.bidi.write(v1.PipelineRequest.encode({ ops }).finish())
  }

  answered(count: number): Promise<void> {
    return until(() => this.results.length >= count, `${count} answers`)
  }

  codeOf(id: number): v1.ReplyCode | undefined {
    const result = this.results.find((one) => one.id === id)
    return result && (result.code ?? v1.ReplyCode.OK)
  }
}

describe('unary calls', () => {
  test('the request itself is the command; the key decides where it goes', async () => {
    const { taken, channel } = serve(({ reply }) => reply(null, new Uint8Array(0)))
    const long = 'k'.repeat(300)
    const body = v1.PutRequest.encode({ key: bytes(long), value: bytes('v') }).finish()
    await channel.unary('/basekv.v1.KV/Put', body, { metadata: { store_name: 'other.store' } })
    const [one] = taken
    expect(one!.request).toMatchObject({ store: 'other.store', write: true, kind: KvCommand.put })
    expect(Buffer.from(one!.request.key).toString()).toBe(long)
    expect(Buffer.compare(Buffer.from(one!.request.body), Buffer.from(body))).toBe(0)
  })

  test.each([0, 1, 2])('a get carries its consistency (%s)', async (consistency) => {
    const { taken, channel } = serve(({ reply }) => reply(null, new Uint8Array(0)))
    for (const key of ['k', 'k'.repeat(200)]) {
      await channel.unary('/basekv.v1.KV/Get', v1.GetRequest.encode({ key: bytes(key), consistency }).finish())
      expect(taken.pop()!.request).toMatchObject({ write: false, kind: KvQuery.get, consistency })
    }
  })

  test('bytes that are no request, and an empty batch, are refused with what to do', async () => {
    const { taken, channel } = serve()
    const refused = (path: string, body: Uint8Array) =>
      expect(channel.unary(`/basekv.v1.KV/${path}`, body)).rejects.toMatchObject({ code: 'BadRequest' })
    await refused('Put', Buffer.from([0x0a, 0x7f, 0x01]))
    await refused('Get', Buffer.from([0xff]))
    await refused('Batch', v1.BatchRequest.encode({ ops: [] }).finish())
    await refused('Batch', Buffer.from([0x0a, 0x7f]))
    expect(taken).toEqual([])
  })

  test('an error reaches the caller with its code and hint', async () => {
    const { channel } = serve(({ reply }) => reply(new KvError('NoSpace', 'full', { hint: 'delete something' })))
    const body = v1.PutRequest.encode({ key: bytes('k'), value: bytes('v') }).finish()
    await expect(channel.unary('/basekv.v1.KV/Put', body)).rejects.toMatchObject({
      code: 'NoSpace',
      hint: 'delete something',
    })
  })
})

describe('a pipeline', () => {
  test('answers by id, in any order, and ends when everything is answered', async () => {
    const { taken, channel } = serve()
    const pipeline = new Pipeline(channel)
    pipeline.send({ id: 7, ...put('a') }, { id: 3, get: { key: bytes('b') } })
    pipeline.send({ id: 9, delete: { key: bytes('c') } })
    await until(() => taken.length === 3, 'all are taken')
    taken[2]!.reply(null, new Uint8Array(0))
    await pipeline.answered(1)
    expect(pipeline.results[0]!.id).toBe(9)
    pipeline.bidi.end()
    taken[1]!.reply(null, v1.GetReply.encode({ value: bytes('x') }).finish())
    await pipeline.answered(2)
    expect(pipeline.ended).toBeNull()
    taken[0]!.reply(new KvError('OutcomeUnknown', 'who knows'))
    await until(() => pipeline.ended !== null, 'it ends')
    expect(pipeline.ended).toBe('ok')
    expect(pipeline.codeOf(7)).toBe(v1.ReplyCode.OUTCOME_UNKNOWN)
    expect(Buffer.from(v1.GetReply.decode(pipeline.results[1]!.reply!).value!).toString()).toBe('x')
  })

  test('every kind of operation reaches its command or query', async () => {
    const { taken, channel } = serve(({ reply }) => reply(null, new Uint8Array(0)))
    const pipeline = new Pipeline(channel)
    pipeline.send(
      { id: 1, ...put('k') },
      { id: 2, delete: { key: bytes('k') } },
      { id: 3, compareAndSet: { key: bytes('k'), value: bytes('v') } },
      { id: 4, batch: { ops: [put('k')] } },
      { id: 5, get: { key: bytes('k'), consistency: 1 } },
      { id: 6, scan: { start: bytes('k'), consistency: 2, limit: 3 } },
    )
    await pipeline.answered(6)
    expect(taken.map(({ request }) => [request.write, request.kind, request.consistency])).toEqual([
      [true, KvCommand.put, 0],
      [true, KvCommand.delete, 0],
      [true, KvCommand.compareAndSet, 0],
      [true, KvCommand.batch, 0],
      [false, KvQuery.get, 1],
      [false, KvQuery.scan, 2],
    ])
    expect(taken.every(({ request }) => Buffer.from(request.key).toString() === 'k')).toBe(true)
  })

  test('a bad operation is answered; the others of its frame go on', async () => {
    const { taken, channel } = serve(({ reply }) => reply(null, new Uint8Array(0)))
    const pipeline = new Pipeline(channel)
    pipeline.send({ id: 1 }, { id: 2, batch: { ops: [] } }, { id: 3, ...put('k') })
    await pipeline.answered(3)
    expect([1, 2, 3].map((id) => pipeline.codeOf(id))).toEqual([
      v1.ReplyCode.BAD_REQUEST,
      v1.ReplyCode.BAD_REQUEST,
      v1.ReplyCode.OK,
    ])
    expect(taken).toHaveLength(1)
  })

  test('a frame that does not decode ends the stream, and late answers harm nobody', async () => {
    const { taken, channel } = serve()
    const pipeline = new Pipeline(channel)
    pipeline.send({ id: 1, ...put('k') })
    await until(() => taken.length === 1, 'it is taken')
    pipeline.bidi.write(Buffer.from([0x0a, 0x7f, 0x00]))
    await until(() => pipeline.ended !== null, 'it ends')
    expect(pipeline.ended).toMatchObject({ code: 'BadRequest' })
    taken[0]!.reply(null, new Uint8Array(0))
    const other = new Pipeline(channel)
    other.send({ id: 1, ...put('k') })
    await until(() => taken.length === 2, 'another stream works')
  })

  test('only so many wait; more are refused at once', async () => {
    const { taken, channel } = serve()
    const pipeline = new Pipeline(channel)
    const op = put('k')
    for (let id = 0; id < limits.pipelineInFlightMax + 5; id += 1024) {
      const count = Math.min(1024, limits.pipelineInFlightMax + 5 - id)
      pipeline.send(...Array.from({ length: count }, (_, i) => ({ id: id + i, ...op })))
    }
    await pipeline.answered(5)
    expect(taken).toHaveLength(limits.pipelineInFlightMax)
    expect(pipeline.results.map((one) => one.code)).toEqual(Array.from({ length: 5 }, () => v1.ReplyCode.TRY_LATER))
    taken[0]!.reply(null, new Uint8Array(0))
    await pipeline.answered(6)
    pipeline.send({ id: 77, ...op })
    await until(() => taken.length === limits.pipelineInFlightMax + 1, 'room again')
  })

  test('answers of one turn share a frame, and no frame is larger than what clients take', async () => {
    const { taken, channel } = serve()
    const pipeline = new Pipeline(channel)
    pipeline.send(...Array.from({ length: 50 }, (_, id) => ({ id, get: { key: bytes('k') } })))
    await until(() => taken.length === 50, 'all are taken')
    for (const { reply } of taken.slice(0, 40)) reply(null, new Uint8Array(0))
    await pipeline.answered(40)
    expect(pipeline.frames).toHaveLength(1)
    const largest = v1.GetReply.encode({ value: Buffer.alloc(limits.valueBytesCeiling) }).finish()
    for (const { reply } of taken.slice(40)) reply(null, largest)
    await pipeline.answered(50)
    // A turn in which everything fails, as when leadership is lost.
    pipeline.send(...Array.from({ length: 1024 }, (_, id) => ({ id: 100 + id, ...put('k') })))
    await until(() => taken.length === 1074, 'all are taken')
    const error = new KvError('TryLater', 'x'.repeat(8_000))
    for (const { reply } of taken.slice(50)) reply(error)
    await pipeline.answered(1074)
    expect(Math.max(...pipeline.frames)).toBeLessThanOrEqual(limits.requestBytesMax)
  })

  test('a client that reads slowly is not read from', async () => {
    const { taken, channel } = serve(({ reply }) => reply(null, Buffer.alloc(64 * 1024)))
    const pipeline = new Pipeline(channel)
    pipeline.bidi.pause()
    const send = (id: number) => pipeline.send({ id, get: { key: bytes('k') } })
    send(0)
    send(1)
    await until(() => taken.length === 2, 'the first ones')
    for (let id = 2; id < 100; id++) send(id)
    await new Promise((resolve) => setImmediate(resolve))
    expect(taken.length).toBeLessThan(10)
    pipeline.bidi.resume()
    await pipeline.answered(100)
  })
})

describe('writes that may come again', () => {
  const clientId = '0123456789abcdef'.repeat(2)

  test('are recognised by the stream’s client id and their sequence; others carry no stamp', async () => {
    const { channel, taken } = serve()
    const pipeline = new Pipeline(channel, clientId)
    pipeline.send(
      { id: 1, ...put('a'), sequence: 7, seen: 40, retry: true },
      { id: 2, delete: { key: bytes('a') }, sequence: 8 },
      { id: 3, ...put('a') },
      { id: 4, get: { key: bytes('a') }, sequence: 9 },
      { id: 5, ...put('a'), sequence: 2 ** 60 },
    )
    await until(() => taken.length === 4, 'what is well formed arrives')
    const client = clientIdFromHex(clientId)
    expect(taken.map(({ request }) => request.stamp ?? null)).toEqual([
      { client, sequence: 7, seen: 40, isRetry: true },
      { client, sequence: 8, seen: 0, isRetry: false },
      null,
      null,
    ])
    taken[0]!.reply(null, new Uint8Array(0), 41)
    taken[1]!.reply(new KvError('TryLater', 'too old'), undefined, 0)
    taken[2]!.reply(null, new Uint8Array(0))
    await pipeline.answered(4)
    const positions = [1, 2, 3].map((id) => pipeline.results.find((one) => one.id === id)?.position ?? null)
    expect(positions).toEqual([41, 0, null])
    expect(pipeline.codeOf(2)).toBe(v1.ReplyCode.TRY_LATER)
    expect(pipeline.codeOf(5)).toBe(v1.ReplyCode.BAD_REQUEST)
  })

  test('of a stream without a client id carry none; an id that is none ends the stream', async () => {
    const { channel, taken } = serve()
    new Pipeline(channel).send({ id: 1, ...put('a'), sequence: 7 })
    await until(() => taken.length === 1, 'it arrives')
    expect(taken[0]!.request.stamp).toBe(null)
    const bad = new Pipeline(channel, 'nonsense')
    bad.send({ id: 1, ...put('a'), sequence: 7 })
    await until(() => bad.ended !== null, 'the stream ends')
    expect(bad.ended).toMatchObject({ code: 'BadRequest' })
    expect(taken).toHaveLength(1)
  })
})

describe('a scan', () => {
  const keys = Array.from({ length: 25 }, (_, i) => `k${String(i).padStart(2, '0')}`)

  /** Pages of at most 10. */
  function pages(onPage: () => void = () => {}) {
    return serve(({ request, reply }) => {
      onPage()
      const { start, limit } = v1.ScanRequest.decode(request.body)
      const from = keys.filter((key) => !start || Buffer.compare(bytes(key), Buffer.from(start)) >= 0)
      const items = from.slice(0, Math.min(10, limit)).map((key) => ({ key: bytes(key), value: bytes('v') }))
      setImmediate(() => reply(null, v1.ScanPage.encode({ items }).finish()))
    })
  }

  const scan = async (channel: RpcChannel, request: v1.ScanRequest.$Properties) => {
    const found: string[] = []
    for await (const page of channel.serverStream('/basekv.v1.KV/Scan', v1.ScanRequest.encode(request).finish())) {
      for (const item of v1.ScanPage.decode(page).items ?? []) found.push(Buffer.from(item.key!).toString())
    }
    return found
  }

  test('goes on behind the last key of each page, with its consistency', async () => {
    const { taken, channel } = pages()
    expect(await scan(channel, { consistency: 2 })).toEqual(keys)
    expect(taken).toHaveLength(4)
    expect(taken.every(({ request }) => request.consistency === 2)).toBe(true)
    expect(await scan(channel, { limit: 12 })).toEqual(keys.slice(0, 12))
    expect(await scan(channel, { limit: 10 })).toEqual(keys.slice(0, 10))
    expect(await scan(channel, { start: bytes('k20') })).toEqual(keys.slice(20))
  })

  test('a client that goes away in the middle stops it', async () => {
    let asked = 0
    const { channel } = pages(() => asked++)
    for await (const page of channel.serverStream('/basekv.v1.KV/Scan', new Uint8Array(0))) {
      expect(v1.ScanPage.decode(page).items).toHaveLength(10)
      break
    }
    const before = asked
    // Whoever comes later is served to the end meanwhile: three pages and the empty one.
    expect(await scan(channel, {})).toEqual(keys)
    expect(before).toBeLessThan(4)
    expect(asked).toBeLessThanOrEqual(before + 4 + 1)
  })

  test("an error in the middle is the stream's end", async () => {
    let asked = 0
    const { channel } = serve(({ reply }) => {
      if (++asked > 1) reply(new KvError('TryLater', 'no leader'))
      else reply(null, v1.ScanPage.encode({ items: [{ key: bytes('k'), value: bytes('v') }] }).finish())
    })
    await expect(scan(channel, {})).rejects.toMatchObject({ code: 'TryLater' })
    await expect(scan(channel, { start: Buffer.alloc(0) })).rejects.toMatchObject({ code: 'TryLater' })
  })
})
