import { describe, expect, test } from '@jest/globals'
import { limits, logIndex, type KvError, term, wholeKeySpace } from '@base-kv/base'
import { initialConfig } from '@base-kv/raft'
import type { RangeView } from '@base-kv/storage'
import { firstState } from '../src/range-state.ts'
import { SnapshotsOut } from '../src/snapshots-out.ts'

/** A view of endless pages that counts how often it is closed. */
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
  scan() {
    return {
      next: async () => [[Buffer.from('k'), Buffer.from('v')]] as const,
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

const failed = (thrown: unknown): never => {
  throw thrown
}

function send(out: SnapshotsOut, view: View, nowMs = 0) {
  return out.send(() => ({ view, state: firstState(initialConfig([])), nowMs, failed }))
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('snapshots on their way out', () => {
  test('one whose reader stands still is given up after a while, and its reader is told', async () => {
    const out = new SnapshotsOut()
    const view = new View()
    const stream = send(out, view)
    expect(out.count).toBe(0)
    await stream.next()
    await stream.next()
    expect([out.count, out.oldestIndex]).toEqual([1, 7])
    out.expire(limits.readViewAgeMaxMs - 1)
    await settled()
    expect([out.count, view.closed]).toEqual([1, 0])
    out.expire(limits.readViewAgeMaxMs)
    await settled()
    expect([out.count, out.oldestIndex, view.closed]).toEqual([0, null, 1])
    await expect(stream.next()).rejects.toMatchObject({ code: 'TryLater' } satisfies Partial<KvError>)
  })

  test('a reader that leaves closes its view', async () => {
    const out = new SnapshotsOut()
    const view = new View()
    for await (const part of send(out, view)) if ('pairs' in part) break
    expect([out.count, view.closed]).toEqual([0, 1])
  })

  test('closing gives all of them up, and resolves when their views are closed', async () => {
    const out = new SnapshotsOut()
    const views = [new View(), new View()]
    const streams = views.map((view) => send(out, view))
    for (const stream of streams) await stream.next()
    await out.close('this node stops')
    expect(views.map((view) => view.closed)).toEqual([1, 1])
    for (const stream of streams) await expect(stream.next()).rejects.toMatchObject({ message: 'this node stops' })
  })

  test('what the source refuses is the error of the stream', async () => {
    const out = new SnapshotsOut()
    const stream = out.send(() => {
      throw new Error('no data')
    })
    await expect(stream.next()).rejects.toThrow('no data')
    expect(out.count).toBe(0)
  })
})
