/**
 * Rules of balancers: numbers by name, as they stand in the configuration and travel over HTTP. One description of each
 * rule checks all of them, and says in words what is allowed.
 */

export type RuleValue = number
export type Rules = Readonly<Record<string, RuleValue>>

export interface RuleSpec {
  readonly key: string
  /** Names that configuration files may use instead. */
  readonly aliases?: readonly string[]
  /** When nobody says otherwise. Invariant: allowed. */
  readonly initial: RuleValue
  readonly allows: (value: number) => boolean
  /** Completes "allowed is …". */
  readonly allowed: string
  /** What it means, for the reference page. */
  readonly about: string
}

export interface RuleProblem {
  readonly key: string
  /** What was given, as JSON. */
  readonly given: string
  readonly allowed: string
}

export const initialRules = (specs: readonly RuleSpec[]): Rules =>
  Object.fromEntries(specs.map(({ key, initial }) => [key, initial]))

/** Everything that is wrong with `given`, which need not name every rule; empty when nothing is. */
export function problemsOf(specs: readonly RuleSpec[], given: Readonly<Record<string, unknown>>): RuleProblem[] {
  const problems: RuleProblem[] = []
  for (const [key, value] of Object.entries(given)) {
    const spec = specs.find((one) => one.key === key)
    if (spec === undefined) {
      const known = specs.map((one) => one.key)
      problems.push({ key, given: shown(value), allowed: known.length > 0 ? `one of ${known.join(', ')}` : 'no rule' })
    } else if (typeof value !== 'number' || !Number.isFinite(value) || !spec.allows(value)) {
      problems.push({ key, given: shown(value), allowed: spec.allowed })
    }
  }
  return problems
}

/** `override` over the initial ones. @param override without problems */
export const effectiveRules = (specs: readonly RuleSpec[], override: Rules): Rules => ({
  ...initialRules(specs),
  ...override,
})

const shown = (value: unknown): string =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : (JSON.stringify(value) ?? typeof value)

const RULE_MAX = 1e15
/** More voters only make every write slower. */
const VOTERS_MAX = 15

// ---- what rules often allow ------------------------------------------------------------------------------------------

export const wholeFrom = (min: number) => ({
  allows: (value: number) => Number.isSafeInteger(value) && value >= min && value <= RULE_MAX,
  allowed: `a whole number from ${min} to ${RULE_MAX}`,
})

export const oddFrom1 = {
  allows: (value: number) => Number.isSafeInteger(value) && value >= 1 && value <= VOTERS_MAX && value % 2 === 1,
  allowed: `an odd whole number from 1 to ${VOTERS_MAX}`,
}

export const share = { allows: (value: number) => value >= 0 && value <= 1, allowed: 'a number from 0 to 1' }

export const notNegative = {
  allows: (value: number) => value >= 0 && value <= RULE_MAX,
  allowed: `a number from 0 to ${RULE_MAX}`,
}
