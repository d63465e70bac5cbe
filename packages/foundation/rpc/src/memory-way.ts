/** What travels in one direction between two addresses, in order; held while cut. */
export class Way {
  #cut = false
  #held: (() => void)[] = []
  #scheduled = false

  carry(deliver: () => void): void {
    this.#held.push(deliver)
    this.#schedule()
  }

  cut(): void {
    this.#cut = true
  }

  heal(): void {
    this.#cut = false
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#cut || this.#held.length === 0) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      const held = this.#held
      this.#held = []
      while (!this.#cut) {
        const deliver = held.shift()
        if (deliver === undefined) break
        deliver()
      }
      this.#held = [...held, ...this.#held]
      this.#schedule()
    })
  }
}
