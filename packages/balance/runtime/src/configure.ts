/** From what the configuration says of a service's balancers to what runs. */
import type { Configured } from './controller.ts'
import type { FactoryRegistry } from './factory-registry.ts'
import { type RuleProblem, problemsOf, type Rules, type RuleSpec } from './rules.ts'

/** Rules by the name of the balancer, as they stand in the file; none: its default rules. */
export type NamedBalancers = Readonly<Record<string, Readonly<Record<string, unknown>>>>

export type BalancerProblem =
  | { readonly kind: 'unknown'; readonly name: string; readonly meant: string | undefined }
  /** Two of the names given are of one balancer. */
  | { readonly kind: 'twice'; readonly name: string; readonly className: string }
  | { readonly kind: 'rule'; readonly name: string; readonly problem: RuleProblem }

export interface Configuration {
  /** All that the stores of the service can have, in the order in which they are asked. */
  readonly balancers: readonly Configured[]
  /** Empty, or the configuration must not be used. */
  readonly problems: readonly BalancerProblem[]
}

/**
 * Who is named runs, and who is not named is there to be enabled later.
 *
 * @param named null: nothing was said, so the defaults run
 */
export function configure(registry: FactoryRegistry, service: string, named: NamedBalancers | null): Configuration {
  const problems: BalancerProblem[] = []
  const rulesOf = new Map<string, Rules>()
  for (const [name, payload] of Object.entries(named ?? {})) {
    const found = registry.find(service, name)
    if (!found.found) {
      problems.push({ kind: 'unknown', name, meant: found.meant })
      continue
    }
    const { className, specs } = found.factory
    if (rulesOf.has(className)) problems.push({ kind: 'twice', name, className })
    const wrong = payloadProblems(specs, payload)
    problems.push(...wrong.map((problem) => ({ kind: 'rule' as const, name, problem })))
    // Without problems all values are numbers.
    if (wrong.length === 0) rulesOf.set(className, byKey(specs, payload) as Rules)
  }
  const balancers = registry.of(service).map((factory): Configured => {
    const isOn = named === null ? factory.isEnabledByDefault : rulesOf.has(factory.className)
    return { factory, isDisabled: !isOn && !factory.isBuiltin, rules: rulesOf.get(factory.className) ?? {} }
  })
  return { balancers, problems }
}

/** A rule that stands there under two of its names is ambiguous. */
function payloadProblems(specs: readonly RuleSpec[], payload: Readonly<Record<string, unknown>>): RuleProblem[] {
  const problems = problemsOf(specs, byKey(specs, payload))
  for (const { key, aliases } of specs) {
    const other = aliases?.find((alias) => alias in payload)
    if (other !== undefined && key in payload) {
      problems.push({ key: other, given: JSON.stringify(payload[other]), allowed: `either ${other} or ${key}` })
    }
  }
  return problems
}

const byKey = (specs: readonly RuleSpec[], payload: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(payload).map(([name, value]) => [
      specs.find(({ aliases }) => aliases?.includes(name))?.key ?? name,
      value,
    ]),
  )
