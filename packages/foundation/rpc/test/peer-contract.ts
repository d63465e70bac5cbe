/** What every transport between peers promises. Run over sockets and in memory by the two test files beside it. */
import { afterEach, expect, test } from '@jest/globals'
import { v1 } from '@base-kv/protocol'
import type { PeerHandlers, PeerLink, PeerLinkOptions, PeerTiming } from '../src/index.ts'
import { log, until } from './support.ts'

const fastTiming: Partial<PeerTiming> = {
  heartbeatMs: 100,
  silenceMs: 600,
  redialMinMs: 20,
  redialMaxMs: 100,
  refusedRetryMs: 100,
}

export interface PeerWorld {
  /** Serves at one fixed address of this world, `b`; serving again after close is a restart. */
  serve(handlers: PeerHandlers, timing: Partial<PeerTiming>): Promise<{ close(): Promise<void> }>
  /** A link from `a` to `b`. */
  link(options: Omit<PeerLinkOptions, 'address'>): PeerLink
  /** Nothing passes between a and b any more, and no connection breaks by it. */
  cut(): void
  heal(): void
  close(): Promise<void>
}

const range = Buffer.alloc(16, 7)
const message = (index: number, bytes = 10): v1.RaftMessage.$Properties => ({
  range,
  type: 3,
  term: 5,
  index,
  entries: [{ term: 5, type: 1, data: Buffer.alloc(bytes, index) }],
})

export function peerContract(makeWorld: () => Promise<PeerWorld>): void {
  const cleanups: (() => Promise<void> | void)[] = []
  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean()
  })

  async function start(change: Partial<PeerHandlers> = {}, timing = fastTiming) {
    const world = await makeWorld()
    cleanups.push(() => world.close())
    const received: v1.RaftMessage[] = []
    const senders: string[] = []
    const events: string[] = []
    const handlers: PeerHandlers = {
      hello: (request) => ({ hostId: 'host-b', node: `b for ${request.node}` }),
      onMessages(from, messages) {
        senders.push(from.hostId)
        received.push(...messages)
      },
      async *snapshot() {},
      ...change,
    }
    const serve = async () => {
      const server = await world.serve(handlers, timing)
      cleanups.push(() => server.close())
      return server
    }
    const link = world.link({
      log,
      hello: () => ({ hostId: 'host-a', node: 'a' }),
      onUp: (hello) => events.push(`up ${hello.node}`),
      onDown: () => events.push('down'),
      onRefused: (reason) => events.push(`refused ${reason}`),
      timing,
    })
    cleanups.push(() => link.close())
    return { world, link, received, senders, events, serve }
  }

  test('Hello first, then messages arrive whole and in order, with the name of who sent them', async () => {
    const { link, received, senders, events, serve } = await start()
    expect(link.send([message(1)])).toBe(false)
    await serve()
    await until(() => events.length > 0)
    expect(events).toEqual(['up b for a'])
    expect(link.hello?.hostId).toBe('host-b')
    for (let i = 0; i < 500; i += 2) expect(link.send([message(i), message(i + 1)])).toBe(true)
    await until(() => received.length === 500)
    expect(received.map(({ index }) => index)).toEqual(Array.from({ length: 500 }, (_, i) => i))
    expect(Buffer.from(received[7]!.entries[0]!.data!)).toEqual(Buffer.alloc(10, 7))
    expect(new Set(senders)).toEqual(new Set(['host-a']))
  })

  test('an idle link stays up', async () => {
    const { events, link, serve } = await start()
    await serve()
    await until(() => events.length > 0)
    const idleUntil = performance.now() + 1500
    await until(() => performance.now() > idleUntil)
    expect(events).toEqual(['up b for a'])
    expect(link.hello).toBeDefined()
  })

  test('a peer that dies is noticed at once, and the link is up again soon after it came back', async () => {
    const { events, link, serve } = await start({}, { ...fastTiming, silenceMs: 5000 })
    const server = await serve()
    await until(() => events.length === 1)
    const killedAt = performance.now()
    await server.close()
    await until(() => events.length === 2)
    expect(events[1]).toBe('down')
    expect(performance.now() - killedAt).toBeLessThan(4000)
    expect(link.send([message(1)])).toBe(false)
    await serve()
    const backAt = performance.now()
    await until(() => events.length === 3)
    expect(events[2]).toBe('up b for a')
    expect(performance.now() - backAt).toBeLessThan(4000)
  })

  test('a cut without a word ends in down, a heal in up', async () => {
    const { world, events, link, serve, received } = await start()
    await serve()
    await until(() => events.length === 1)
    world.cut()
    await until(() => events.length === 2)
    expect(events[1]).toBe('down')
    world.heal()
    await until(() => events.length === 3)
    link.send([message(9)])
    await until(() => received.some(({ index }) => index === 9))
  })

  test('a refusal is told once for each text, and asked again', async () => {
    let refused = 'wrong cluster'
    let asked = 0
    const { events, link, serve } = await start({
      hello: () => {
        asked++
        return { refused, node: 'b' }
      },
    })
    await serve()
    await until(() => asked >= 3)
    expect(events).toEqual(['refused wrong cluster'])
    expect(link.send([message(1)])).toBe(false)
    refused = ''
    await until(() => events.length === 2)
    expect(events[1]).toBe('up b')
  })

  test('frames larger than a frame may be are split, one message too large is an error', async () => {
    // A busy machine may be silent for long while it takes this much in: then messages are lost, as they may be.
    const { events, link, serve, received } = await start({}, { ...fastTiming, silenceMs: 30_000 })
    await serve()
    await until(() => events.length === 1)
    const big = 4 * 1024 * 1024 - 100
    expect(link.send(Array.from({ length: 6 }, (_, i) => message(i, big)))).toBe(true)
    await until(() => received.length === 6)
    expect(received.map(({ entries }) => entries[0]!.data!.length)).toEqual(Array(6).fill(big))
  })

  test('what a peer does not take is bounded, then dropped with false; nothing breaks', async () => {
    const { world, events, link, serve } = await start({}, { ...fastTiming, silenceMs: 30_000 })
    await serve()
    await until(() => events.length === 1)
    world.cut()
    const frame = [message(1, 1024 * 1024)]
    let sent = 0
    while (link.send(frame) && sent < 500) sent++
    expect(sent).toBeGreaterThan(60)
    expect(sent).toBeLessThan(100)
  })

  test('a snapshot is pulled chunk by chunk, at the pace of its reader', async () => {
    let made = 0
    const { events, link, serve } = await start({
      async *snapshot(request) {
        for (let i = 0; i < 200; i++) {
          made++
          yield {
            snapshot: i === 0 ? { index: request.indexMin, term: 3 } : null,
            pairs: Buffer.alloc(256 * 1024, i),
            last: i === 199,
          }
        }
      },
    })
    await serve()
    await until(() => events.length === 1)
    const chunks: v1.SnapshotChunk[] = []
    for await (const chunk of link.pullSnapshot({ range, indexMin: 42 })) {
      chunks.push(chunk)
      if (chunks.length !== 1) continue
      const seen = performance.now()
      await until(() => performance.now() - seen > 200)
      // 200 chunks are 50 MiB; only what the windows hold was made ahead.
      expect(made).toBeLessThan(60)
    }
    expect(chunks).toHaveLength(200)
    expect(chunks[0]!.snapshot!.index).toBe(42)
    expect(chunks[199]!.last).toBe(true)
    expect(Buffer.from(chunks[150]!.pairs)).toEqual(Buffer.alloc(256 * 1024, 150))
  })

  test('a snapshot given up by its reader stops at its source', async () => {
    let stopped = false
    const { events, link, serve } = await start({
      async *snapshot() {
        try {
          for (;;) yield { pairs: Buffer.alloc(64 * 1024) }
        } finally {
          stopped = true
        }
      },
    })
    await serve()
    await until(() => events.length === 1)
    for await (const chunk of link.pullSnapshot({ range })) {
      expect(chunk.pairs).toHaveLength(64 * 1024)
      break
    }
    await until(() => stopped)
  })

  test('a snapshot that fails at its source fails at its reader, with the words of the source', async () => {
    const { events, link, serve } = await start({
      async *snapshot() {
        yield { pairs: Buffer.alloc(0) }
        throw new Error('the disk is gone')
      },
    })
    await serve()
    await until(() => events.length === 1)
    const pull = async () => {
      for await (const chunk of link.pullSnapshot({ range })) expect(chunk).toBeDefined()
    }
    await expect(pull()).rejects.toThrow('the disk is gone')
  })

  test('a closed link says nothing more', async () => {
    const { events, link, serve } = await start()
    const server = await serve()
    await until(() => events.length === 1)
    link.close()
    await server.close()
    expect(events).toEqual(['up b for a'])
    expect(link.send([message(1)])).toBe(false)
  })
}
