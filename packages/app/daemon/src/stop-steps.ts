/** What a stop does, in the reverse of the order in which it was added; and which step is under way, for when it hangs. */
export class StopSteps {
  #steps: { readonly name: string; readonly run: () => Promise<void> | void }[] = []
  #current = ''

  add(name: string, run: () => Promise<void> | void): void {
    this.#steps.push({ name, run })
  }

  /** The name of the step that has begun and not ended; empty before and after. */
  get current(): string {
    return this.#current
  }

  /** Each step once, one after the other. What a step throws leaves the rest undone. */
  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      this.#current = step.name
      await step.run()
    }
    this.#current = ''
  }
}
