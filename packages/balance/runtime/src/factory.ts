/** A kind of balancer: its names, its rules, and which stores it is for. What configuration and operators name is this. */
import type { Balancer } from './balancer.ts'
import type { RuleSpec } from './rules.ts'

/**
 * In which order balancers are asked: what is broken comes before what is missing, and that before what is merely uneven.
 * Of two moves of one range the earlier balancer's is made.
 */
export const balancingSteps = ['repair', 'replicas', 'leaders', 'split', 'merge', 'other'] as const
export type BalancingStep = (typeof balancingSteps)[number]

export interface BalancerFactory {
  /** Its full name in configuration and HTTP. Custom ones: `npm:<package>#<export>`, or as a plugin calls it. */
  readonly className: string
  /** Further names, as good as the first. */
  readonly aliases: readonly string[]
  /** For the command line; need only differ from the others of one service. */
  readonly shortName: string
  /** Names of the services whose stores it is for; null: any. */
  readonly services: readonly string[] | null
  readonly step: BalancingStep
  /** Checks every rule that is given to one of its balancers. */
  readonly specs: readonly RuleSpec[]
  /** Always on: nobody can disable it, give it rules, or name it at all. */
  readonly isBuiltin: boolean
  /** When the configuration names no balancers. */
  readonly isEnabledByDefault: boolean
  /** A new one for each store. */
  make(): Balancer<unknown>
}
