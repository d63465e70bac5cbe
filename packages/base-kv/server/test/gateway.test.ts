import { describe, expect, test } from '@jest/globals'
import { KvError, storeId, type StoreId, type Timers } from '@base-kv/base'
import type { Done, Range } from '@base-kv/range'
import type { Store } from '@base-kv/store'
import { Gateway, type GatewayOptions, type GatewayReply, type GatewayRequest } from '../src/index.ts'

const id = (n: number) => storeId(`00000000-0000-4000-8000-00000000000${n}`)
const SELF = id(1)
const OTHER = id(2)

const request = (fields: Partial<GatewayRequest> = {}): GatewayRequest => ({
  store: 'kv.store',
  key: Buffer.from('k'),
  write: true,
  kind: 1,
  consistency: 0,
  body: Buffer.from('body'),
  ...fields,
})

/** One node with a range whose leadership, and whose way to the others, the test decides. */
class Node {
  isLeader = false
  leader: StoreId | null = null
  hasRange = true
  confirmed = true
  /** Answers of the range here; the test calls them. */
  readonly proposed: Done[] = []
  readonly reads: ((error: KvError | null) => void)[] = []
  query: () => Uint8Array | Promise<Uint8Array> = () => Buffer.from('read')
  /** Sent to other nodes. */
  readonly sent: { readonly to: StoreId; readonly hops: number; readonly reply: GatewayReply }[] = []
  reachable: StoreId[] = []
  connected = true
  nowMs = 0
  readonly #due: { atMs: number; run: () => void }[] = []
  readonly gateway: Gateway

  constructor(options: Partial<GatewayOptions> = {}) {
    const node = this
    const range = {
      get isLeader() {
        return node.isLeader
      },
      get leader() {
        return node.leader
      },
      get confirmed() {
        return node.confirmed
      },
      propose: (_kind: number, _body: Uint8Array, done: Done) => void this.proposed.push(done),
      read: (_consistency: string, turn: (error: KvError | null) => void) => void this.reads.push(turn),
      query: () => this.query(),
    } as unknown as Range
    const store = { id: SELF, rangeOf: () => (this.hasRange ? range : undefined) } as unknown as Store
    const timers: Timers = {
      after: (delayMs, run) => {
        this.#due.push({ atMs: this.nowMs + delayMs, run })
        return () => {}
      },
    }
    this.gateway = new Gateway(
      { patienceMs: 3_000, parkedMax: 4, parkedBytesMax: 1_000, ...options },
      {
        stores: new Map([['kv.store', store]]),
        forwarder: {
          forward: (to, _request, hops, reply) => {
            if (this.connected) this.sent.push({ to, hops, reply })
            return this.connected
          },
          reachable: () => this.reachable,
        },
        clock: { monotonicMs: () => this.nowMs, wallMs: () => 0 },
        timers,
      },
    )
  }

  pass(ms: number): void {
    const untilMs = this.nowMs + ms
    for (;;) {
      const next = this.#due.filter((timer) => timer.atMs <= untilMs).sort((a, b) => a.atMs - b.atMs)[0]
      if (!next) break
      this.#due.splice(this.#due.indexOf(next), 1)
      this.nowMs = next.atMs
      next.run()
    }
    this.nowMs = untilMs
  }

  execute(fields: Partial<GatewayRequest> = {}): Answer {
    const answer = new Answer()
    this.gateway.execute(request(fields), answer.reply)
    return answer
  }

  forwarded(hops: number, fields: Partial<GatewayRequest> = {}): Answer {
    const answer = new Answer()
    this.gateway.executeForwarded(request(fields), hops, answer.reply)
    return answer
  }
}

class Answer {
  readonly got: { readonly code: string | null; readonly reply: string | null }[] = []
  readonly reply: GatewayReply = (error, response) => {
    this.got.push({ code: error?.code ?? null, reply: response ? Buffer.from(response).toString() : null })
  }

  get code(): string | null | undefined {
    return this.got[0]?.code
  }
}

const tryLater = () => new KvError('TryLater', 'not now')

describe('where an operation goes', () => {
  test('to the range here when it leads', () => {
    const node = new Node()
    node.isLeader = true
    const answer = node.execute()
    node.proposed[0]!(null, Buffer.from('done'))
    expect(answer.got).toEqual([{ code: null, reply: 'done' }])
  })

  test('to the leader that the range here knows, as the first hop', () => {
    const node = new Node()
    node.leader = OTHER
    const answer = node.execute()
    expect(node.sent).toMatchObject([{ to: OTHER, hops: 1 }])
    node.sent[0]!.reply(null, Buffer.from('done'))
    expect(answer.got).toEqual([{ code: null, reply: 'done' }])
  })

  test('to any node with that store when there is no range here', () => {
    const node = new Node()
    node.hasRange = false
    node.reachable = [OTHER]
    node.execute()
    expect(node.sent).toMatchObject([{ to: OTHER, hops: 1 }])
  })

  test('a refusal with a position is the client’s to settle: nothing is tried again here', () => {
    const [passesOn, leads] = [new Node(), new Node()]
    passesOn.leader = OTHER
    const positions: (number | undefined)[] = []
    passesOn.gateway.execute(request(), (_error, _response, position) => positions.push(position))
    passesOn.sent[0]!.reply(tryLater(), undefined, 9)
    leads.isLeader = true
    leads.gateway.execute(request(), (_error, _response, position) => positions.push(position))
    leads.isLeader = false
    leads.proposed[0]!(tryLater(), null, 0)
    expect(positions).toEqual([9, 0])
    passesOn.pass(10_000)
    leads.pass(10_000)
    expect([passesOn.sent.length, leads.proposed.length]).toEqual([1, 1])
  })

  test('a stale read is answered here, whoever leads', () => {
    const node = new Node()
    node.leader = OTHER
    const answer = node.execute({ write: false, consistency: 2 })
    node.reads[0]!(null)
    expect(answer.got).toEqual([{ code: null, reply: 'read' }])
    expect(node.sent).toEqual([])
  })

  test('an unknown store is said at once', () => {
    expect(new Node().execute({ store: 'dist.worker' }).code).toBe('NotFound')
  })

  test('what came a second hop goes no further, and does not wait', () => {
    const node = new Node()
    node.leader = OTHER
    expect(node.forwarded(2).code).toBe('TryLater')
    expect(node.sent).toEqual([])
    node.forwarded(1)
    expect(node.sent).toMatchObject([{ hops: 2 }])
    node.leader = null
    expect(node.forwarded(1).code).toBe('TryLater')
  })
})

describe('while nobody leads', () => {
  test('operations wait, and go on as soon as somebody does', () => {
    const node = new Node()
    const answer = node.execute()
    node.pass(500)
    expect(answer.got).toEqual([])
    node.isLeader = true
    node.gateway.retryParked()
    node.proposed[0]!(null, Buffer.from('done'))
    expect(answer.got).toEqual([{ code: null, reply: 'done' }])
  })

  test('they wait so long and no longer, however often they are tried', () => {
    const node = new Node()
    node.leader = OTHER
    const answer = node.execute()
    for (let at = 0; at < 2_900; at += 100) {
      node.sent.at(-1)!.reply(tryLater())
      node.pass(100)
      expect(answer.got).toEqual([])
    }
    node.sent.at(-1)!.reply(tryLater())
    node.pass(200)
    node.sent.at(-1)!.reply(tryLater())
    expect(answer.code).toBe('TryLater')
    expect(answer.got).toHaveLength(1)
  })

  test('only so many wait, by number and by bytes', () => {
    const node = new Node()
    const answers = Array.from({ length: 5 }, () => node.execute())
    expect(answers.map((answer) => answer.code)).toEqual([undefined, undefined, undefined, undefined, 'TryLater'])
    const large = new Node()
    const first = large.execute({ body: Buffer.alloc(900) })
    expect(large.execute({ body: Buffer.alloc(200) }).code).toBe('TryLater')
    expect(first.got).toEqual([])
    // Room again once they are answered.
    large.pass(3_100)
    expect(first.code).toBe('TryLater')
    expect(large.execute({ body: Buffer.alloc(200) }).got).toEqual([])
  })

  test('they are answered when the node stops', () => {
    const node = new Node()
    const answer = node.execute()
    node.gateway.close()
    expect(answer.code).toBe('TryLater')
    expect(node.execute().code).toBe('TryLater')
  })

  test('a leader of a range that is not confirmed yet is waited for too', () => {
    const node = new Node()
    node.isLeader = true
    node.confirmed = false
    const answer = node.execute()
    node.proposed[0]!(tryLater(), null)
    expect(answer.got).toEqual([])
    node.confirmed = true
    node.pass(60)
    node.proposed[1]!(null, Buffer.from('done'))
    expect(answer.got).toEqual([{ code: null, reply: 'done' }])
  })

  test('a node without a way to the leader waits for one', () => {
    const node = new Node()
    node.leader = OTHER
    node.connected = false
    const answer = node.execute()
    node.connected = true
    node.pass(60)
    expect(node.sent).toHaveLength(1)
    expect(answer.got).toEqual([])
  })
})

describe('what is tried again', () => {
  test.each(['TryLater', 'Unreachable', 'BadVersion'] as const)(
    '%s from another node: certainly not applied',
    (code) => {
      const node = new Node()
      node.leader = OTHER
      const answer = node.execute()
      node.sent[0]!.reply(new KvError(code, 'no'))
      node.pass(60)
      expect(node.sent).toHaveLength(2)
      node.sent[1]!.reply(null, Buffer.from('done'))
      expect(answer.got).toEqual([{ code: null, reply: 'done' }])
    },
  )

  test.each(['OutcomeUnknown', 'DeadlineExceeded', 'InternalError', 'Corrupt', 'NoSpace', 'BadRequest'] as const)(
    '%s never is',
    (code) => {
      const node = new Node()
      node.leader = OTHER
      const answer = node.execute()
      node.sent[0]!.reply(new KvError(code, 'no'))
      node.pass(4_000)
      expect(node.sent).toHaveLength(1)
      expect(answer.got).toEqual([{ code, reply: null }])
    },
  )

  test('a full queue of the leader here is said at once; lost leadership is waited out', () => {
    const node = new Node()
    node.isLeader = true
    const full = node.execute()
    node.proposed[0]!(tryLater(), null)
    expect(full.code).toBe('TryLater')
    const lost = node.execute()
    node.isLeader = false
    node.proposed[1]!(tryLater(), null)
    expect(lost.got).toEqual([])
    const read = node.execute({ write: false })
    node.leader = OTHER
    node.gateway.retryParked()
    expect(node.sent).toHaveLength(2)
    node.sent[1]!.reply(null, Buffer.from('done'))
    expect(read.got).toEqual([{ code: null, reply: 'done' }])
  })
})

test('a query that throws, at once or later, is answered once', async () => {
  const node = new Node()
  node.isLeader = true
  for (const query of [
    () => {
      throw new KvError('Corrupt', 'bad bytes')
    },
    () => Promise.reject(new KvError('Corrupt', 'bad bytes')),
  ]) {
    node.query = query
    const answer = node.execute({ write: false })
    node.reads.pop()!(null)
    await new Promise((resolve) => setImmediate(resolve))
    expect(answer.got).toEqual([{ code: 'Corrupt', reply: null }])
  }
})
