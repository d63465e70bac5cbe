/** The doors through which code that must be reproducible reaches time and chance. Passed to constructors, never global. */

/** Two clocks. `monotonicMs` never goes back and is the only one that decides anything; `wallMs` is for people and HLC. */
export interface Clock {
  /** Milliseconds, fractional, from an arbitrary start. */
  monotonicMs(): number
  /** Milliseconds since 1970. */
  wallMs(): number
}

/** A source of chance. */
export interface Random {
  /** Uniform in [0, bound), an integer; `bound` is 1 to 2^32. */
  below(bound: number): number
}

/** Timers. The shell's real one wraps setTimeout; the simulator has its own. */
export interface Timers {
  /** Calls `run` once, `delayMs` from now; returns what cancels it. */
  after(delayMs: number, run: () => void): () => void
}
