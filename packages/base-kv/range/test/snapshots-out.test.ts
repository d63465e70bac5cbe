import { describe, expect, test } from '@jest/globals'
import { hostId, limits, logIndex, type KvError, term, wholeKeySpace } from '@base-kv/base'
import { initialConfig } from '@base-kv/raft'
import type { Pair, RangeView, ScanOptions } from '@base-kv/storage'
import { firstState } from '../src/range-state.ts'
import { SnapshotsOut } from '../src/snapshots-out.ts'
import type { SnapshotPart, SnapshotResume } from '../src/snapshot-transfer.ts'

const KEYS = ['a', 'b', 'c', 'd']
const PATIENCE_MS = 60_000

/** A view of one key a page that counts how often it is closed. */
class View implements RangeView {
  closed = 0
  readonly record = {
    boundary: wholeKeySpace,
    applied: { index: logIndex(7), term: term(1) },
    state: new Uint8Array(0),
  }
  get() {
    return undefined
  }
  scan(_space: string, { start }: ScanOptions) {
    const from = start === null ? '' : Buffer.from(start).toString()
    const pages = KEYS.filter((key) => key >= from).map((key): Pair[] => [[Buffer.from(key), Buffer.from('v')]])
    return {
      next: async () => {
        if (this.closed > 0) throw new Error('the view is closed')
        return pages.shift() ?? []
      },
      close: async () => {},
      [Symbol.asyncDispose]: async () => {},
    }
  }
  async close() {
    this.closed++
  }
  async [Symbol.asyncDispose]() {
    await this.close()
  }
}

class Sender {
  nowMs = 0
  readonly out = new SnapshotsOut({ host: hostId('host'), nowMs: () => this.nowMs })

  send(view: View, resume: SnapshotResume | null = null): AsyncGenerator<SnapshotPart> {
    return this.out.send({ indexMin: logIndex(1), resume }, () => ({
      view,
      state: firstState(initialConfig([])),
      failed: (thrown) => {
        throw thrown
      },
    }))
  }

  /** One that has sent this many parts, and is waited for. */
  async begun(view: View, parts: number): Promise<AsyncGenerator<SnapshotPart>> {
    const stream = this.send(view)
    for (let i = 0; i < parts; i++) await stream.next()
    return stream
  }
}

const behind = (key: string, view = 'host/1'): SnapshotResume => ({
  view,
  position: { space: 'user', key: Buffer.from(key) },
})

async function rest(stream: AsyncGenerator<SnapshotPart>): Promise<string[]> {
  const found: string[] = []
  for await (const part of stream) {
    if ('snapshot' in part) found.push(`${part.view}${part.resumed ? ' goes on' : ''}`)
    else found.push(`${part.space} ${part.pairs.map(([key]) => Buffer.from(key).toString()).join()}`)
  }
  return found
}

const LOCAL = KEYS.map((key) => `local ${key}`)
const WHOLE = [...KEYS.map((key) => `user ${key}`), ...LOCAL]
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('snapshots on their way out', () => {
  test('one is sent whole, and its view is closed', async () => {
    const sender = new Sender()
    const view = new View()
    const stream = sender.send(view)
    expect(sender.out.count).toBe(0)
    expect(await rest(stream)).toEqual(['host/1', ...WHOLE])
    expect([sender.out.count, view.closed]).toEqual([0, 1])
  })

  test('one whose reader stands still is given up after a while, and its reader is told', async () => {
    const sender = new Sender()
    const view = new View()
    const stream = await sender.begun(view, 2)
    expect([sender.out.count, sender.out.oldestIndex, sender.out.idleSinceMs]).toEqual([1, 7, null])
    sender.nowMs = limits.readViewAgeMaxMs - 1
    sender.out.expire(PATIENCE_MS)
    await settled()
    expect([sender.out.count, view.closed]).toEqual([1, 0])
    sender.nowMs = limits.readViewAgeMaxMs
    sender.out.expire(PATIENCE_MS)
    await settled()
    expect([sender.out.count, sender.out.oldestIndex, view.closed]).toEqual([0, null, 1])
    await expect(stream.next()).rejects.toMatchObject({ code: 'TryLater' } satisfies Partial<KvError>)
  })

  test('a view outlives a reader that leaves, for as long as there is patience', async () => {
    const sender = new Sender()
    const view = new View()
    const stream = await sender.begun(view, 2)
    sender.nowMs = 5
    await stream.return(undefined)
    expect([sender.out.count, sender.out.idleSinceMs, view.closed]).toEqual([1, 5, 0])
    sender.nowMs = 4 + PATIENCE_MS
    sender.out.expire(PATIENCE_MS)
    expect(sender.out.count).toBe(1)
    sender.nowMs = 5 + PATIENCE_MS
    sender.out.expire(PATIENCE_MS)
    await settled()
    expect([sender.out.count, view.closed]).toEqual([0, 1])
  })

  test('closing gives all of them up, and resolves when their views are closed', async () => {
    const sender = new Sender()
    const views = [new View(), new View(), new View()] as const
    const streams = [await sender.begun(views[0], 1), await sender.begun(views[1], 2)]
    await (await sender.begun(views[2], 1)).return(undefined)
    await sender.out.close('this node stops')
    expect(views.map((view) => view.closed)).toEqual([1, 1, 1])
    for (const stream of streams) await expect(stream.next()).rejects.toMatchObject({ message: 'this node stops' })
  })

  test('what the source refuses is the error of the stream', async () => {
    const { out } = new Sender()
    const stream = out.send({ indexMin: logIndex(1), resume: null }, () => {
      throw new Error('no data')
    })
    await expect(stream.next()).rejects.toThrow('no data')
    expect(out.count).toBe(0)
  })
})

describe('whoever comes with the name of a view', () => {
  test('goes on behind what it has, in either key space', async () => {
    for (const [resume, expected] of [
      [behind('b'), ['user c', 'user d', ...LOCAL]],
      [behind('d'), LOCAL],
      [{ ...behind('c'), position: { space: 'local', key: Buffer.from('c') } }, ['local d']],
      [{ ...behind('d'), position: { space: 'local', key: Buffer.from('d') } }, []],
    ] as const) {
      const sender = new Sender()
      const view = new View()
      await (await sender.begun(view, 3)).return(undefined)
      expect(await rest(sender.send(new View(), resume))).toEqual(['host/1 goes on', ...expected])
      expect([sender.out.count, view.closed]).toEqual([0, 1])
    }
  })

  test('takes it from a reader that does not know that its connection is cut', async () => {
    const sender = new Sender()
    const view = new View()
    const cut = await sender.begun(view, 3)
    const next = sender.send(new View(), behind('b'))
    await next.next()
    await expect(cut.next()).rejects.toMatchObject({ code: 'TryLater' })
    expect([sender.out.count, view.closed]).toEqual([1, 0])
    expect(await rest(next)).toEqual(['user c', 'user d', ...LOCAL])
    expect([sender.out.count, view.closed]).toEqual([0, 1])
  })

  test('gets a new one when it is gone, or of an earlier process', async () => {
    const sender = new Sender()
    expect(await rest(sender.send(new View(), behind('b', 'earlier/1')))).toEqual(['host/1', ...WHOLE])
    expect(await rest(sender.send(new View(), behind('b')))).toEqual(['host/2', ...WHOLE])
  })

  test('gets a new one when it is read to its end or dropped meanwhile', async () => {
    const sender = new Sender()
    const views = [new View(), new View()] as const
    await (await sender.begun(views[0], 3)).return(undefined)
    sender.nowMs = 1
    await (await sender.begun(views[1], 3)).return(undefined)
    sender.out.dropIdle()
    expect([sender.out.count, sender.out.has('host/1'), sender.out.has('host/2')]).toEqual([1, false, true])
    await settled()
    expect(views.map((view) => view.closed)).toEqual([1, 0])
    expect((await rest(sender.send(new View(), behind('b'))))[0]).toBe('host/3')
  })
})
