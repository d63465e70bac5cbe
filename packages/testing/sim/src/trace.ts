/**
 * What happened, as lines `time name word word…`. Every line goes into a running hash, whether or not lines are kept, so
 * that two runs of one seed can be compared byte for byte at the price of a few multiplications an event.
 */
export class Trace {
  private readonly write: ((line: string) => void) | null
  private readonly clock: { readonly now: number }
  private high = 0x811c9dc5
  private low = 0x01000193
  private readonly names = new Map<string, number>()

  constructor(clock: { readonly now: number }, write: ((line: string) => void) | null) {
    this.clock = clock
    this.write = write
  }

  /** `words` are numbers and short strings, in the order in which the line shows them. */
  add(name: string, ...words: readonly (number | string)[]): void {
    this.mix(Math.round(this.clock.now * 1000))
    this.mix(this.numberOf(name))
    for (const word of words) this.mix(typeof word === 'number' ? word : this.numberOf(word))
    if (this.write) this.write(`${this.clock.now.toFixed(3).padStart(11)} ${name.padEnd(14)} ${words.join(' ')}`)
  }

  /** 16 hex digits. */
  get hash(): string {
    return hex(this.high) + hex(this.low)
  }

  private mix(value: number): void {
    this.high = Math.imul(this.high ^ value, 0x01000193) ^ (this.low >>> 13)
    this.low = Math.imul(this.low ^ (value / 65_536), 0x85ebca6b) ^ (this.high >>> 7)
  }

  private numberOf(text: string): number {
    let value = this.names.get(text)
    if (value === undefined) {
      value = 0x811c9dc5
      for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193)
      this.names.set(text, value)
    }
    return value
  }
}

const hex = (value: number): string => (value >>> 0).toString(16).padStart(8, '0')
