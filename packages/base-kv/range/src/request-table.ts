/**
 * Which writes of which clients a range has applied, and what it answered: a write that comes again gets the first answer
 * and is not applied again. Replicated: every replica makes the same of the same log, and it travels with snapshots, to
 * both halves of a split and into a merge.
 *
 * Requests are remembered one by one: those of one client reach a range in any order, so "all up to 57" says nothing. As
 * memory is bounded, the oldest are forgotten; what must be told apart is a write that was never applied from one that was
 * and is forgotten. Therefore each recorded request has a *position*: the range counts them. The *horizon* is the position
 * of the newest that is forgotten. A write carries the position that its client had seen before it was sent for the first
 * time (`Stamp.seen`), so if it was applied, then at a greater one:
 *
 *   recorded                      the first answer again
 *   horizon <= seen <= position   never applied, else it would be recorded: it is applied now
 *   seen < horizon                nobody knows. A retry is answered *unknown*; a first attempt, certainly not applied yet,
 *                                 TryLater with the position to take instead
 *   seen > position               the client looked at another range, say its other half: TryLater, likewise
 *
 * Along a key's way through splits and merges positions only grow: both halves of a split go on from the parent's, a merge
 * takes the greater of both, gives the requests of the absorbed range that position, and keeps the greater horizon. No
 * clock takes part.
 *
 * In the key space `local`: the head under `r`, rewritten with every entry that recorded something, which holds the counts
 * and the newest requests, and behind `r` and a number (u32 big-endian) one page after the other, closed at 4 KiB. So a
 * whole table is read, copied and sent in some hundred pieces, however the requests came. The index in memory is built at
 * the first write with a stamp and given up when none has come for a while: a range at rest costs nothing.
 */
import { KvError, limits } from '@base-kv/base'
import type { Pair, RangeData } from '@base-kv/storage'
import { otherFormat } from './other-format.ts'
import { readRequests, RequestPage } from './request-page.ts'
import type { ClientId, Stamp } from './stamp.ts'

export interface RequestTableBounds {
  readonly requestsMax: number
  readonly bytesMax: number
}

const BOUNDS: RequestTableBounds = { requestsMax: limits.requestTableMax, bytesMax: limits.requestTableBytesMax }

const VERSION = 1
/** version u8, position f64, horizon f64, number of the oldest page u32, of the newest (in the head) u32 */
const HEAD = 1 + 8 + 8 + 4 + 4
/** version u8, position of the newest request f64 */
const PAGE_HEAD = 1 + 8
const HEAD_KEY = Buffer.from('r')
/** Of the index; one or two more are there while the oldest is being forgotten. */
const GENERATIONS = 4
/** A client's requests mostly come in order: so many share an entry of a map. One that comes alone pays for all. */
const BLOCK = 8

/** A page that is not forgotten yet; the newest one is still written to. */
interface Page {
  readonly number: number
  /** Position of its newest request; of the newest page not used. */
  last: number
  count: number
  bytes: number
  isForgotten: boolean
}

/** What some pages in a row have of a client. */
interface ClientRequests {
  /** Requests mostly come in order: what is above need not be looked for. */
  highest: number
  /** By sequence / BLOCK, then by what is left. */
  readonly blocks: Map<number, (Page | undefined)[]>
}

/** Requests are found by maps that are dropped as a whole: to take each out again would cost as much as all the rest. */
interface Generation {
  readonly clients: Map<ClientId, ClientRequests>
  count: number
  newest: Page
}

interface Index {
  /**
   * The newest first. Invariant: together they have all requests in `pages` and `newest`, and those of some pages that
   * are forgotten.
   */
  readonly generations: Generation[]
  /** Oldest first, without the newest. */
  readonly pages: Page[]
  newest: Page
  readonly newestRequests: RequestPage
  /** Invariant: sums over `pages` and `newest`. */
  count: number
  bytes: number
}

export class RequestTable {
  readonly #data: RangeData
  readonly #bounds: RequestTableBounds
  // Invariant: horizon <= position; neither ever falls.
  #position = 0
  #horizon = 0
  #index: Index | null = null
  /** Something was recorded in the entry that is being applied. */
  #changed = false

  /** @throws KvError Corrupt, or BadConfig for a newer format */
  constructor(data: RangeData, bounds: RequestTableBounds = BOUNDS) {
    this.#data = data
    this.#bounds = bounds
    const head = readHead(data.get('local', HEAD_KEY))
    this.#position = head.position
    this.#horizon = head.horizon
  }

  /** Requests recorded so far in the range and those that it came from. */
  get position(): number {
    return this.#position
  }

  get horizon(): number {
    return this.#horizon
  }

  /** What to answer instead of applying the command; null: apply it, and `record` it. @throws KvError Corrupt */
  judge(stamp: Stamp): Uint8Array | KvError | null {
    const { client, sequence, seen, isRetry } = stamp
    const index = this.#ready()
    const page = find(index, client, sequence)
    if (page) return this.#firstAnswer(index, page, stamp)
    if (seen >= this.#horizon && seen <= this.#position) return null
    return isRetry && seen < this.#horizon ? forgotten() : seenElsewhere()
  }

  /** The command was applied. `answer` is null when it is too long to be kept. */
  record({ client, sequence }: Stamp, answer: Uint8Array | null): void {
    this.#position++
    this.#add(this.#ready(), client, sequence, answer)
  }

  /** Ends an entry, within its step of apply. */
  settle(): void {
    if (!this.#changed) return
    this.#changed = false
    const index = this.#ready()
    this.#forget(index)
    const { newest, newestRequests, pages } = index
    const head = Buffer.allocUnsafeSlow(HEAD + newestRequests.length)
    head.writeUInt8(VERSION, 0)
    head.writeDoubleLE(this.#position, 1)
    head.writeDoubleLE(this.#horizon, 9)
    head.writeUInt32LE((pages[0] ?? newest).number, 17)
    head.writeUInt32LE(newest.number, 21)
    head.set(newestRequests.bytes, HEAD)
    this.#data.put('local', HEAD_KEY, head)
  }

  /** Whether a client that has seen no more should be told the position: some time before it is too old. */
  isOld(seen: number): boolean {
    return seen < (this.#horizon + this.#position) / 2 || seen > this.#position
  }

  /** All of it, as it stands in the key space `local`. Not within an entry. @throws KvError Corrupt */
  *records(): Generator<Pair> {
    const head = this.#data.get('local', HEAD_KEY)
    if (!head) return
    yield [HEAD_KEY, head]
    const { first, next } = readHead(head)
    for (let number = first; number < next; number++) yield [pageKey(number), this.#page(number)]
  }

  /** Takes over what another range remembers, which is merged into this one; within the marker's step. @throws KvError Corrupt */
  absorb(records: Iterable<Pair>): void {
    const index = this.#ready()
    const add = (client: ClientId, sequence: number, answer: Uint8Array | null) => {
      // Both may come from one range that was split.
      if (!find(index, client, sequence)) this.#add(index, client, sequence, answer)
    }
    let newest: Uint8Array = new Uint8Array(0)
    for (const [key, value] of records) {
      if (key.length === HEAD_KEY.length) {
        const { position, horizon, requests } = readHead(value)
        this.#position = Math.max(this.#position, position)
        this.#horizon = Math.max(this.#horizon, horizon)
        newest = requests
      } else {
        readRequests(pageRequests(value).requests, add)
      }
    }
    readRequests(newest, add)
    this.#changed = true
  }

  /** Gives the index up until it is needed again. Not within an entry. */
  rest(): void {
    this.#index = null
  }

  // ---- pages -----------------------------------------------------------------------------------------------------------

  #add(index: Index, client: ClientId, sequence: number, answer: Uint8Array | null): void {
    this.#changed = true
    const { newest, newestRequests } = index
    const before = newestRequests.length
    newestRequests.add(client, sequence, answer)
    remember(index, newest, client, sequence)
    newest.bytes += newestRequests.length - before
    index.bytes += newestRequests.length - before
    if (newestRequests.isFull) this.#close(index)
  }

  #close(index: Index): void {
    const { newest, newestRequests, pages } = index
    newest.last = this.#position
    const value = Buffer.allocUnsafeSlow(PAGE_HEAD + newestRequests.length)
    value.writeUInt8(VERSION, 0)
    value.writeDoubleLE(newest.last, 1)
    value.set(newestRequests.bytes, PAGE_HEAD)
    this.#data.put('local', pageKey(newest.number), value)
    pages.push(newest)
    index.newest = emptyPage(newest.number + 1)
    this.#age(index)
    newestRequests.clear()
  }

  /** A page ends: perhaps a generation too. */
  #age({ generations }: Index): void {
    const [generation] = generations
    if (!generation || generation.count < this.#bounds.requestsMax / GENERATIONS) return
    generations.unshift({ clients: new Map(), count: 0, newest: generation.newest })
  }

  /** The oldest pages, as long as there is too much. */
  #forget(index: Index): void {
    const { requestsMax, bytesMax } = this.#bounds
    while (index.count > requestsMax || index.bytes > bytesMax) {
      const page = index.pages.shift()
      if (!page) return
      page.isForgotten = true
      if (index.generations.at(-1)?.newest === page) index.generations.pop()
      index.count -= page.count
      index.bytes -= page.bytes
      this.#horizon = Math.max(this.#horizon, page.last)
      this.#data.delete('local', pageKey(page.number))
    }
  }

  #firstAnswer(index: Index, page: Page, stamp: Stamp): Uint8Array | KvError {
    const requests = page === index.newest ? index.newestRequests.bytes : pageRequests(this.#page(page.number)).requests
    let found: Uint8Array | null = null
    readRequests(requests, (client, sequence, answer) => {
      if (client === stamp.client && sequence === stamp.sequence) found = answer && Uint8Array.from(answer)
    })
    return found ?? notKept()
  }

  // ---- index -----------------------------------------------------------------------------------------------------------

  #ready(): Index {
    if (this.#index) return this.#index
    const { first, next, requests } = readHead(this.#data.get('local', HEAD_KEY))
    const index: Index = {
      generations: [],
      pages: [],
      newest: emptyPage(next),
      newestRequests: new RequestPage(),
      count: 0,
      bytes: 0,
    }
    for (let number = first; number < next; number++) {
      const stored = pageRequests(this.#page(number))
      const page = { ...emptyPage(number), last: stored.last, bytes: stored.requests.length }
      readRequests(stored.requests, (client, sequence) => remember(index, page, client, sequence))
      index.bytes += page.bytes
      index.pages.push(page)
      this.#age(index)
    }
    readRequests(requests, (client, sequence, answer) => {
      index.newestRequests.add(client, sequence, answer)
      remember(index, index.newest, client, sequence)
    })
    index.newest.bytes = requests.length
    index.bytes += requests.length
    this.#index = index
    return index
  }

  #page(number: number): Uint8Array {
    const value = this.#data.get('local', pageKey(number))
    if (!value) throw new KvError('Corrupt', `page ${number} of the recorded requests is not there`)
    return value
  }
}

function find(index: Index, client: ClientId, sequence: number): Page | undefined {
  for (const { clients } of index.generations) {
    const requests = clients.get(client)
    if (requests === undefined || sequence > requests.highest) continue
    const page = requests.blocks.get(Math.floor(sequence / BLOCK))?.[sequence % BLOCK]
    if (page !== undefined) return page.isForgotten ? undefined : page
  }
  return undefined
}

function remember(index: Index, page: Page, client: ClientId, sequence: number): void {
  let [generation] = index.generations
  if (generation === undefined) {
    generation = { clients: new Map(), count: 0, newest: page }
    index.generations.push(generation)
  }
  let requests = generation.clients.get(client)
  if (!requests) generation.clients.set(client, (requests = { highest: 0, blocks: new Map() }))
  const number = Math.floor(sequence / BLOCK)
  const block = requests.blocks.get(number)
  if (block) block[sequence % BLOCK] = page
  else requests.blocks.set(number, blockWith(sequence % BLOCK, page))
  if (sequence > requests.highest) requests.highest = sequence
  generation.newest = page
  generation.count++
  page.count++
  index.count++
}

function blockWith(at: number, page: Page): (Page | undefined)[] {
  const block = new Array<Page | undefined>(BLOCK).fill(undefined)
  block[at] = page
  return block
}

const emptyPage = (number: number): Page => ({ number, last: 0, count: 0, bytes: 0, isForgotten: false })

function pageKey(number: number): Uint8Array {
  const key = Buffer.allocUnsafe(HEAD_KEY.length + 4)
  key.set(HEAD_KEY)
  key.writeUInt32BE(number, HEAD_KEY.length)
  return key
}

function readHead(value: Uint8Array | undefined) {
  if (!value) return { position: 0, horizon: 0, first: 0, next: 0, requests: new Uint8Array(0) }
  const head = checked(value, HEAD)
  return {
    position: head.readDoubleLE(1),
    horizon: head.readDoubleLE(9),
    first: head.readUInt32LE(17),
    next: head.readUInt32LE(21),
    requests: head.subarray(HEAD),
  }
}

function pageRequests(value: Uint8Array) {
  const page = checked(value, PAGE_HEAD)
  return { last: page.readDoubleLE(1), requests: page.subarray(PAGE_HEAD) }
}

function checked(value: Uint8Array, bytesMin: number): Buffer {
  const data = Buffer.from(value.buffer, value.byteOffset, value.length)
  if (data.length < bytesMin) throw new KvError('Corrupt', 'a record of the request table is cut off')
  if (data[0] === VERSION) return data
  throw otherFormat('a request table', data[0] as number, VERSION)
}

const forgotten = () =>
  new KvError('OutcomeUnknown', 'the write is older than what the range remembers', {
    hint: 'read the key to see whether the write was applied',
  })

const notKept = () =>
  new KvError('OutcomeUnknown', 'the write was applied; its answer was too long to be kept', {
    hint: 'read the key to see what it holds now',
  })

const seenElsewhere = () =>
  new KvError('TryLater', 'the client has not heard of this range for long', {
    hint: 'send again with the position that comes along',
  })
