/**
 * The promise of the client, against nodes that do everything wrong: every operation ends exactly once; one that is
 * called failed was not applied; one that is called done was; none is applied twice, although all are sent again; and
 * unknown is only what its deadline has cut off.
 */
import { KvError } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type KvClient, openClient } from '../src/index.ts'
import { answer, type Fate, FakeCluster } from './fake-cluster.ts'

type Trouble = 'refuse' | 'badVersion' | 'noSpace' | 'unknown' | 'appliedUnknown' | 'break' | 'appliedBreak' | 'silence'

const fates: Readonly<Record<Trouble, Fate>> = {
  refuse: { kind: 'refuse', code: v1.ReplyCode.TRY_LATER },
  badVersion: { kind: 'refuse', code: v1.ReplyCode.BAD_VERSION },
  noSpace: { kind: 'refuse', code: v1.ReplyCode.NO_SPACE },
  unknown: { kind: 'sayUnknown' },
  appliedUnknown: { kind: 'applyAndSayUnknown' },
  break: { kind: 'break' },
  appliedBreak: { kind: 'applyAndBreak' },
  silence: { kind: 'silence', applied: true },
}

/** The outcome is not known after these, and may be learnt. */
const LOSING: ReadonlySet<Trouble> = new Set(['unknown', 'appliedUnknown', 'break', 'appliedBreak'])

const step = fc.record({
  kind: fc.constantFrom('put', 'put', 'cas', 'get', 'batch'),
  trouble: fc.option(fc.constantFrom(...(Object.keys(fates) as Trouble[])), { freq: 3 }),
  isPatient: fc.boolean(),
  movesLeader: fc.boolean(),
  /** Whether the next call is made in the same turn. */
  goesOn: fc.boolean(),
})

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

test('every operation ends once, with what is true', async () => {
  const cluster = await FakeCluster.start(3)
  const client = openClient({ endpoints: cluster.endpoints, unreachablePatienceMs: 5_000 })
  const met = new Set<string>()
  const troubles = new Map<string, Trouble>()
  cluster.fate = ({ kind, key, value }) => {
    const id = kind === 'get' ? key : value
    const trouble = troubles.get(id)
    // Each trouble is met once: what follows is the client's doing.
    if (trouble === undefined || met.has(id)) return answer
    met.add(id)
    return fates[trouble]
  }
  let count = 0
  const kinds = new Set<string>()
  let lost = 0
  let recovered = 0
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), fc.boolean(), async (steps, forward) => {
        cluster.followersForward = forward
        const ends = steps.map(async (one, at): Promise<void> => {
          await turns(steps.slice(0, at).filter(({ goesOn }) => !goesOn).length)
          if (one.movesLeader) cluster.moveLeader(at % 3)
          const id = `id${count++}`
          if (one.trouble !== null) troubles.set(id, one.trouble)
          const end = await run(client, one, id)
          const times = cluster.applied.filter((value) => value === id).length
          kinds.add(end === 'done' ? end : end.code)
          const writes = one.kind !== 'get'
          if (writes && one.isPatient && one.trouble !== null && LOSING.has(one.trouble)) {
            lost++
            if (end === 'done') recovered++
          }
          if (end === 'done') expect({ end, id, times }).toEqual({ end, id, times: writes ? 1 : 0 })
          else if (end.applied === 'no') expect({ end: end.code, id, times }).toEqual({ end: end.code, id, times: 0 })
          else expect(times).toBeLessThanOrEqual(1)
          if (end !== 'done' && !writes)
            expect(['DeadlineExceeded', 'NoSpace', 'TryLater', 'BadVersion', 'Unreachable']).toContain(end.code)
        })
        await Promise.all(ends)
      }),
      { numRuns: 40 },
    )
    // An answer that was lost is got by asking again, unless time is short.
    expect(lost).toBeGreaterThan(20)
    expect(recovered).toBeGreaterThan(0.9 * lost)
    // The nodes were as bad as meant.
    expect([...kinds]).toEqual(expect.arrayContaining(['done', 'OutcomeUnknown', 'NoSpace']))
    // What was called failed, or done, stays so.
    const seen = new Set<string>()
    for (const value of cluster.applied) {
      expect(seen.has(value)).toBe(false)
      seen.add(value)
    }
  } finally {
    client.close()
    await cluster.stop()
  }
})

async function run(client: KvClient, { kind, trouble, isPatient }: Step, id: string): Promise<'done' | KvError> {
  // Silence ends by the deadline only: it is waited for briefly, so that the test is short.
  const timeoutMs = trouble === 'silence' ? 60 : isPatient ? 3_000 : 150
  let ended = 0
  const count = (): number => ++ended
  const call = (): Promise<unknown> => {
    switch (kind) {
      case 'put':
        return client.put(`key ${id}`, id, { timeoutMs })
      case 'cas':
        return client.compareAndSet(`key ${id}`, { expect: null, value: id }, { timeoutMs })
      case 'batch':
        return client.batch([{ put: { key: `key ${id}`, value: id } }, { delete: { key: 'nothing' } }], { timeoutMs })
      default:
        return client.get(id, { timeoutMs })
    }
  }
  const promise = call()
  promise.then(count, count)
  const end = await promise.then(
    () => 'done' as const,
    (thrown: unknown) => thrown,
  )
  expect(ended).toBe(1)
  if (end === 'done') return end
  expect(end).toBeInstanceOf(KvError)
  return end as KvError
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve))
}
