/** What a store's balancers decided lately and why, for people. What stays the same from look to look is said once. */
import { limits } from '@base-kv/base'
import type { Command } from '@base-kv/landscape'
import type { Decision, Verdict } from './decide.ts'

export interface Decided {
  /** For people. */
  readonly atWallMs: number
  /** Class name. */
  readonly balancer: string
  /** Of a look; `done` and `failed`: how a command ended; `refused`: rules that are not allowed, and do not hold. */
  readonly what: Verdict | 'done' | 'failed' | 'refused'
  readonly command: Command | null
  readonly reason: string
}

export class DecisionLog {
  /** The oldest first. */
  readonly #decided: Decided[] = []
  /** What the last look said. */
  #said: ReadonlySet<string> = new Set()

  /** The oldest first. */
  get decided(): readonly Decided[] {
    return this.#decided
  }

  add(decided: Decided): void {
    this.#decided.push(decided)
    if (this.#decided.length > limits.balancingDecisionsMax) this.#decided.shift()
  }

  /** All decisions of one look. Those that other stores carry out stand in their logs. */
  addLook(decisions: readonly Decision[], atWallMs: number): void {
    const said = new Set<string>()
    for (const { balancer, verdict, command, reason, obstacle } of decisions) {
      if (verdict === 'elsewhere') continue
      const key = `${balancer} ${verdict} ${command === null ? reason : `${command.kind} ${command.range}`}`
      said.add(key)
      if (verdict !== 'issue' && this.#said.has(key)) continue
      this.add({
        atWallMs,
        balancer,
        what: verdict,
        command,
        reason: obstacle === '' ? reason : `${reason}; ${obstacle}`,
      })
    }
    this.#said = said
  }
}
