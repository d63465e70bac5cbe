/** Cuts the key space of a new cluster into equal parts, and spreads who leads them over the nodes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { KvError, toKvError } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import { openChannel, type RpcChannel } from '@base-kv/rpc'
import { lookAt } from './readiness.ts'

/** Calls under way at once. */
const AT_ONCE = 64
const RETRY_MS = 20
const CALL_MS = 5_000

export interface PreSplitOptions {
  readonly endpoints: readonly string[]
  readonly ranges: number
  readonly withinMs: number
  check(): void
}

/** First keys of all parts but the first: equal steps through keys of two bytes, or of three when there are many. */
function evenKeys(ranges: number): Uint8Array[] {
  const width = ranges <= 4_096 ? 2 : 3
  return Array.from({ length: ranges - 1 }, (_, i) => {
    const key = Buffer.alloc(width)
    key.writeUIntBE(Math.floor(((i + 1) * 256 ** width) / ranges), 0, width)
    return key
  })
}

/** @throws KvError TryLater when it takes too long */
export async function preSplit(options: PreSplitOptions): Promise<void> {
  const { endpoints, ranges, check } = options
  const deadline = performance.now() + options.withinMs
  const [endpoint = ''] = endpoints
  const channel = openChannel(endpoint, {})
  /** Again until it is done, or turns out to be done already. */
  const call = async (method: string, body: Uint8Array): Promise<void> => {
    for (;;) {
      check()
      const reply = await ask(channel, method, body)
      if (reply.code === 'Ok' || reply.code === 'BadRequest') return
      if (performance.now() > deadline) {
        throw new KvError('TryLater', `the ranges were not made in time: ${reply.message}`, {
          hint: 'see `base-kv range list`; `base-kv range split` makes the others',
        })
      }
      await sleep(RETRY_MS)
    }
  }
  try {
    // A key that is a boundary already is refused, so this may be done twice.
    await halve(evenKeys(ranges), new Slots(AT_ONCE), async (splitKey) => {
      await call('Split', v1.SplitRequest.encode({ splitKey }).finish())
    })
    const view = await lookAt(endpoints, CALL_MS)
    const stores = view.nodes.map((node) => node.store).sort()
    await inParallel(view.ranges, async (range, i) => {
      const storeId = stores[i % stores.length] ?? ''
      if (range.leader?.store === storeId) return
      await call('TransferLeadership', v1.TransferLeadershipRequest.encode({ rangeId: range.id, storeId }).finish())
    })
  } finally {
    channel.close()
  }
}

async function ask(channel: RpcChannel, method: string, body: Uint8Array): Promise<{ code: string; message: string }> {
  try {
    const metadata = { store_name: 'kv.store' }
    const path = `/basekv.v1.BaseKVStore/${method}`
    return v1.ManagementReply.decode(await channel.unary(path, body, { deadlineMs: CALL_MS, metadata }))
  } catch (thrown) {
    return toKvError(thrown)
  }
}

/** The middle one first, then both sides at once: each split cuts another range. */
async function halve<T>(items: readonly T[], slots: Slots, work: (item: T) => Promise<void>): Promise<void> {
  const middle = items.length >> 1
  const item = items[middle]
  if (item === undefined) return
  await slots.run(() => work(item))
  await Promise.all([halve(items.slice(0, middle), slots, work), halve(items.slice(middle + 1), slots, work)])
}

async function inParallel<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>): Promise<void> {
  const slots = new Slots(AT_ONCE)
  await Promise.all(items.map((item, i) => slots.run(() => work(item, i))))
}

/** Runs so many things at a time. */
class Slots {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async run(work: () => Promise<void>): Promise<void> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      await work()
    } finally {
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free++
    }
  }
}
