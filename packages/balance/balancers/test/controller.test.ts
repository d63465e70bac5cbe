/** One store's controller: when it looks, what it lets through, and what it says about it. */
import { describe, expect, test } from '@jest/globals'
import { AssertionError, limits, rangeId } from '@base-kv/base'
import type { Command } from '@base-kv/landscape'
import {
  type BalancerFactory,
  type CommandResult,
  type Configured,
  configure,
  Controller,
  FactoryRegistry,
  type Move,
  type Outcome,
  type View,
  wholeFrom,
} from '@base-kv/runtime'
import { builtInFactories } from '../src/index.ts'
import { Model, store } from './model.ts'
import { Chance, VirtualTime } from './virtual-time.ts'

/** Longer than a look takes to come. */
const SOON_MS = 600

/** A balancer that says what a test wants. */
const saying = (
  name: string,
  balance: (view: View) => Partial<Outcome<null>>,
  more: Partial<BalancerFactory> = {},
): Configured => ({
  factory: {
    className: name,
    aliases: [],
    shortName: name,
    services: null,
    step: 'other',
    specs: [],
    isBuiltin: false,
    isEnabledByDefault: true,
    make: () => ({
      initial: null,
      balance: (_state, view) => ({ state: null, moves: [], waitMs: null, reason: 'nothing', ...balance(view) }),
    }),
    ...more,
  },
  isDisabled: false,
  rules: {},
})

/** Passes range `id` to `target`, wherever it is led. */
const pass = ({ route }: View, id: number, target: number): Move[] =>
  route
    .filter(({ range }) => range.id === rangeId(1n, BigInt(id)))
    .map(({ store: { id: from }, range }) => ({
      command: { kind: 'transferLeader', store: from, range: range.id, ver: range.ver, target: store(target) },
      reason: 'a test wants it',
    }))

class Bench {
  readonly time = new VirtualTime()
  readonly model = new Model(3)
  readonly executed: Command[] = []
  readonly controller: Controller
  #answers: ((result: CommandResult) => void)[] = []

  constructor(balancers: readonly Configured[], ranges = 6, atEach: () => void = () => {}) {
    this.model.addRanges(ranges, () => [1, 2, 3])
    this.controller = new Controller(
      { local: store(1), balancers },
      {
        clock: this.time,
        timers: this.time,
        random: new Chance(7),
        execute: (command, answer) => {
          this.executed.push(command)
          this.#answers.push(answer)
          atEach()
        },
      },
    )
  }

  tell(): void {
    this.controller.landscape(this.model.landscape())
  }

  /** Every command that waits for its answer gets this one. */
  answer(result: CommandResult): void {
    for (const answer of this.#answers.splice(0)) answer(result)
  }

  ranges(): string[] {
    return this.executed.map(({ range }) => range)
  }
}

describe('a controller', () => {
  test('gives four commands at once, on different ranges, and the next ones when those have ended', () => {
    const bench = new Bench([
      saying('all', (view) => ({ moves: [1, 2, 3, 4, 5, 6].flatMap((id) => pass(view, id, 2)) })),
    ])
    bench.tell()
    bench.time.advance(SOON_MS)
    expect(bench.ranges()).toEqual(['1_1', '1_2', '1_3', '1_4'])
    bench.time.advance(60_000)
    bench.tell()
    bench.time.advance(SOON_MS)
    expect(bench.executed).toHaveLength(4)
    bench.answer({ done: true })
    bench.time.advance(SOON_MS)
    expect(bench.ranges()).toEqual(['1_1', '1_2', '1_3', '1_4', '1_5', '1_6'])
  })

  test('of two moves of one range makes the earlier balancer’s, and of a merge’s ranges neither one alone', () => {
    const merge = ({ route: [left, right] }: View): Move[] =>
      left && right
        ? [
            {
              command: {
                kind: 'merge',
                store: left.store.id,
                range: left.range.id,
                ver: left.range.ver,
                right: { range: right.range.id, ver: right.range.ver },
              },
              reason: 'a test wants it',
            },
          ]
        : []
    const bench = new Bench([
      saying('first', (view) => ({ moves: merge(view) })),
      saying('second', (view) => ({ moves: [1, 2, 3].flatMap((id) => pass(view, id, 2)) })),
    ])
    bench.tell()
    bench.time.advance(SOON_MS)
    expect(bench.executed.map(({ kind, range }) => [kind, range])).toEqual([
      ['merge', '1_1'],
      ['transferLeader', '1_3'],
    ])
  })

  test('leaves the moves of ranges that others lead to them', () => {
    const bench = new Bench([saying('all', (view) => ({ moves: [1, 2].flatMap((id) => pass(view, id, 3)) }))])
    bench.model.range(1).leader = 2
    bench.tell()
    bench.time.advance(SOON_MS)
    expect(bench.ranges()).toEqual(['1_2'])
  })

  test('gives no command again whose effect does not show yet, but the next one when it does', () => {
    const bench = new Bench([saying('all', (view) => ({ moves: pass(view, 1, 2) }))])
    bench.tell()
    bench.time.advance(SOON_MS)
    bench.answer({ done: true })
    for (let i = 0; i < 20; i++) {
      bench.tell()
      bench.time.advance(1_000)
    }
    expect(bench.executed).toHaveLength(1)
    bench.model.range(1).term = 3
    bench.tell()
    bench.time.advance(SOON_MS)
    expect(bench.executed).toHaveLength(2)
  })

  test('backs off from what fails, longer each time, while others go on', () => {
    const bench = new Bench([
      saying('failing', (view) => ({ moves: [1, 2, 3, 4, 5].flatMap((id) => pass(view, id, 2)) })),
      saying('other', (view) => ({ moves: pass(view, 6, 3) })),
    ])
    bench.tell()
    let othersMs = 0
    const startMs = bench.time.monotonicMs()
    while (bench.time.monotonicMs() < startMs + 300_000) {
      bench.time.advance(100)
      if (othersMs === 0 && bench.ranges().includes('1_6')) othersMs = bench.time.monotonicMs() - startMs
      bench.answer({ done: false, why: 'NoSpace' })
    }
    expect(othersMs).toBeLessThan(2_000)
    // 1 + 2 + 4 + … + 32 s, then each 60 s.
    const tries = bench.ranges().filter((range) => range === '1_1').length
    expect(tries).toBeGreaterThanOrEqual(8)
    expect(tries).toBeLessThanOrEqual(11)
  })

  test('looks at what is due even while landscapes come faster than it looks', () => {
    let looks = 0
    const bench = new Bench([saying('counting', () => ({ ...(looks++, {}) }))])
    for (let i = 0; i < 1_000; i++) {
      bench.tell()
      bench.time.advance(10)
    }
    expect(looks).toBeGreaterThanOrEqual(10_000 / 600)
    expect(looks).toBeLessThanOrEqual(10_000 / 200)
  })

  test('looks again when a balancer’s wait is over, without any news', () => {
    const looksMs: number[] = []
    const bench = new Bench([
      saying('waiting', ({ nowMs }) => {
        looksMs.push(nowMs)
        return { waitMs: looksMs.length === 1 ? 30_000 : null }
      }),
    ])
    bench.tell()
    bench.time.advance(100_000)
    expect(looksMs).toHaveLength(2)
    expect((looksMs[1] as number) - (looksMs[0] as number)).toBe(30_000)
  })

  test('goes on with the others when a balancer throws, and ends at a broken invariant', () => {
    const bench = new Bench([
      saying('broken', () => {
        throw new TypeError('oops')
      }),
      saying('fine', (view) => ({ moves: pass(view, 1, 2) })),
    ])
    bench.tell()
    bench.time.advance(SOON_MS)
    expect(bench.ranges()).toEqual(['1_1'])
    expect(bench.controller.plan()[0]).toMatchObject({ verdict: 'broken', reason: 'TypeError: oops' })
    const worse = new Bench([
      saying('broken', () => {
        throw new AssertionError('never')
      }),
    ])
    worse.tell()
    expect(() => worse.time.advance(SOON_MS)).toThrow(AssertionError)
  })

  test('takes news while it gives commands', () => {
    const all = saying('all', (view) => ({ moves: [1, 2].flatMap((id) => pass(view, id, 2)) }))
    const bench = new Bench([all], 2, () => bench.tell())
    bench.tell()
    bench.time.advance(SOON_MS)
    expect(bench.ranges()).toEqual(['1_1', '1_2'])
  })

  test('moves nothing once it is stopped', () => {
    const bench = new Bench([saying('all', (view) => ({ moves: pass(view, 1, 2) }))])
    bench.tell()
    bench.controller.stop()
    bench.tell()
    bench.time.advance(60_000)
    expect(bench.executed).toEqual([])
  })
})

describe('operators', () => {
  const wish = { key: 'wish', initial: 3, ...wholeFrom(1), about: '' }
  const wishing = () => {
    const one = saying('wishing', (view) => ({ moves: pass(view, view.rules.wish as number, 2) }), { specs: [wish] })
    return new Bench([{ ...one, rules: { wish: 4 } }])
  }

  test('disable and enable a balancer; meanwhile the plan says what it would do', () => {
    const bench = wishing()
    bench.controller.overrides(new Map([['wishing', { disable: true, rules: {} }]]))
    bench.tell()
    bench.time.advance(60_000)
    expect(bench.executed).toEqual([])
    expect(bench.controller.plan()).toMatchObject([{ verdict: 'disabled', command: { range: '1_4' } }])
    expect(bench.controller.states().get('wishing')).toEqual({ disable: true, loadRules: { wish: 4 } })
    bench.controller.overrides(new Map())
    bench.time.advance(SOON_MS)
    expect(bench.ranges()).toEqual(['1_4'])
  })

  test('lay rules over the configured ones, and take them back; what is not allowed does not hold', () => {
    const bench = wishing()
    const given = (rules: Record<string, unknown>) => {
      bench.controller.overrides(new Map([['wishing', { rules }]]))
      return bench.controller.states().get('wishing')?.loadRules
    }
    expect(given({ wish: 5 })).toEqual({ wish: 5 })
    expect(given({ wish: 0 })).toEqual({ wish: 4 })
    for (let i = 0; i < 3; i++) expect(given({ wish: 2, unknown: 1 })).toEqual({ wish: 2 })
    expect(given({})).toEqual({ wish: 4 })
    const refused = bench.controller.decided().filter(({ what }) => what === 'refused')
    expect(refused.map(({ reason }) => reason.split(';')[0])).toEqual(['wish is 0', 'unknown is 1'])
  })

  test('cannot reach what is always on', () => {
    const { balancers } = configure(new FactoryRegistry(builtInFactories(2)), 'kv.store', null)
    const bench = new Bench(balancers)
    const [always] = balancers as readonly [Configured]
    bench.controller.overrides(new Map([[always.factory.className, { disable: true, rules: {} }]]))
    bench.tell()
    expect(bench.controller.plan()[0]).toMatchObject({ balancer: always.factory.className, verdict: 'idle' })
    expect([...bench.controller.states().keys()]).toHaveLength(4)
  })

  test('read each decision once, with its reason and its end, and not more than a thousand', () => {
    let reason = 'nothing'
    const bench = new Bench([
      saying('talking', () => ({ reason })),
      saying('moving', (view) => ({ moves: pass(view, 1, 2) })),
    ])
    for (let i = 0; i < 5; i++) {
      bench.tell()
      bench.time.advance(1_000)
    }
    bench.answer({ done: false, why: 'TryLater' })
    const said = bench.controller.decided().map(({ balancer, what, reason: why }) => [balancer, what, why])
    expect(said).toEqual([
      ['talking', 'idle', 'nothing'],
      ['moving', 'issue', 'a test wants it'],
      ['moving', 'busy', 'a test wants it; range 1_1 is being worked on'],
      ['moving', 'failed', 'TryLater; again in 1000 ms at the earliest'],
    ])
    for (let i = 0; i < 2_000; i++) {
      reason = `nothing for the ${i}th time`
      bench.tell()
      bench.time.advance(1_000)
    }
    expect(bench.controller.decided()).toHaveLength(limits.balancingDecisionsMax)
    expect(bench.controller.decided().at(-1)?.reason).toContain('1999th')
  })
})
