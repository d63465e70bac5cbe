import { describe, expect, test } from '@jest/globals'
import { type KvError, limits, logIndex, term } from '@base-kv/base'
import { Proposals } from '../src/proposals.ts'

const body = Uint8Array.of(1)
const at = (index: number, inTerm: number) => ({ index: logIndex(index), term: term(inTerm) })

/** Collects one command and notes its answers. */
function put(proposals: Proposals): { answers: string[] } {
  const answers: string[] = []
  proposals.collect({ kind: 1, body, stamp: null }, (error: KvError | null) => answers.push(error?.code ?? 'Ok'))
  return { answers }
}

function propose(proposals: Proposals, index: number, inTerm: number): void {
  const taken = proposals.take()
  if (!taken) throw new Error('nothing to propose')
  proposals.proposed(at(index, inTerm), taken)
}

const apply = (proposals: Proposals, index: number, inTerm: number) => {
  for (const done of proposals.applied(at(index, inTerm)) ?? []) done(null, body)
}

describe('a command gets exactly one answer', () => {
  test('its own, when its entry is applied, also after leadership was lost', () => {
    const proposals = new Proposals()
    const one = put(proposals)
    propose(proposals, 5, 2)
    proposals.lostLeadership(100, 'deposed')
    apply(proposals, 4, 2)
    expect(one.answers).toEqual([])
    apply(proposals, 5, 2)
    proposals.expire(10_000, 500)
    expect(one.answers).toEqual(['Ok'])
    expect(proposals.waiting).toBe(0)
  })

  test('"certainly not applied", when another entry took its place', () => {
    const proposals = new Proposals()
    const one = put(proposals)
    propose(proposals, 5, 2)
    apply(proposals, 5, 3)
    expect(one.answers).toEqual(['TryLater'])
  })

  test('"certainly not applied", when it was never proposed', () => {
    const proposals = new Proposals()
    const one = put(proposals)
    proposals.lostLeadership(0, 'deposed')
    expect(one.answers).toEqual(['TryLater'])
    expect(proposals.waiting).toBe(0)
  })

  test('"unknown", when the leader was deposed and nothing was heard for an election timeout', () => {
    const proposals = new Proposals()
    const one = put(proposals)
    propose(proposals, 5, 2)
    proposals.lostLeadership(100, 'deposed')
    proposals.expire(599, 500)
    expect(one.answers).toEqual([])
    proposals.expire(600, 500)
    expect(one.answers).toEqual(['OutcomeUnknown'])
  })

  test('"unknown", when a snapshot covered its index', () => {
    const proposals = new Proposals()
    const one = put(proposals)
    propose(proposals, 5, 2)
    proposals.skippedTo(logIndex(9))
    expect(one.answers).toEqual(['OutcomeUnknown'])
  })

  test('"unknown" for the old one, when a new term of the same leader reuses the index', () => {
    const proposals = new Proposals()
    const old = put(proposals)
    propose(proposals, 5, 2)
    proposals.lostLeadership(100, 'deposed')
    proposals.gainedLeadership(logIndex(4))
    const fresh = put(proposals)
    propose(proposals, 5, 4)
    apply(proposals, 5, 4)
    expect(old.answers).toEqual(['OutcomeUnknown'])
    expect(fresh.answers).toEqual(['Ok'])
  })
})

describe('the queue is bounded', () => {
  test('by count: one too many is refused at once, and room comes back', () => {
    const proposals = new Proposals()
    for (let i = 0; i < limits.pendingCommandsMax; i++) put(proposals)
    expect(put(proposals).answers).toEqual(['TryLater'])
    propose(proposals, 1, 1)
    apply(proposals, 1, 1)
    expect(put(proposals).answers).toEqual([])
  })

  test('an entry takes no more than its limit', () => {
    const proposals = new Proposals()
    for (let i = 0; i < limits.entryCommandsMax + 1; i++) put(proposals)
    expect(proposals.take()?.commands).toHaveLength(limits.entryCommandsMax)
    expect(proposals.take()?.commands).toHaveLength(1)
    expect(proposals.take()).toBeNull()
  })
})

describe('a command waits for company', () => {
  test('unless those before it came one at a time', () => {
    const proposals = new Proposals()
    let index = 1
    const lone = (): boolean => {
      put(proposals)
      const { isLone } = proposals
      propose(proposals, index++, 1)
      return isLone
    }
    expect([1, 2, 3, 4, 5].map(lone)).toEqual([false, false, false, false, true])

    put(proposals)
    put(proposals)
    expect(proposals.isLone).toBe(false)
    propose(proposals, index++, 1)
    expect(lone()).toBe(false)
  })
})
