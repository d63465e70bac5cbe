/**
 * Keys to which is only added. What a list shows is every application of every command, in order: none twice, none that
 * was refused, none lost; and all that readers see are beginnings of one and the same list.
 */
import { must } from '../checkers/violation.ts'

interface List {
  /** The longest that anybody has seen. */
  longest: readonly string[]
  /** What was acknowledged, in the order in which that happened. */
  readonly acknowledged: string[]
}

/** What a read that begins now must show at least. */
export interface ListFloor {
  readonly length: number
  readonly acknowledged: number
}

export class Lists {
  readonly #lists = new Map<string, List>()
  readonly #refused = new Set<string>()
  count = 0

  begin(key: string): ListFloor {
    const { longest, acknowledged } = this.#list(key)
    return { length: longest.length, acknowledged: acknowledged.length }
  }

  acknowledged(key: string, item: string): void {
    this.count++
    this.#list(key).acknowledged.push(item)
  }

  /** It was certainly not added. */
  refused(item: string): void {
    this.#refused.add(item)
  }

  read(key: string, value: string, floor: ListFloor): void {
    const items = value === '' ? [] : value.slice(0, -1).split(';')
    const list = this.#list(key)
    this.count++
    const twice = items.find((item, at) => items.indexOf(item) !== at)
    must('applied once', twice === undefined, () => `${key} holds ${twice} twice: ${value}`)
    const refused = items.find((item) => this.#refused.has(item))
    must('refused is not applied', refused === undefined, () => `${key} holds ${refused}, which was refused: ${value}`)
    for (let at = 0; at < Math.min(items.length, list.longest.length); at++) {
      must(
        'one order',
        items[at] === list.longest[at],
        () => `${key} was ${list.longest.join(';')}, and now is ${value}`,
      )
    }
    must(
      'reads go forward',
      items.length >= floor.length,
      () => `${key} had ${floor.length} items before the read began, which found ${value}`,
    )
    const seen = new Set(items)
    const lost = list.acknowledged.slice(0, floor.acknowledged).find((item) => !seen.has(item))
    must('acknowledged is kept', lost === undefined, () => `${key} lost ${lost}: it holds ${value}`)
    if (items.length > list.longest.length) list.longest = items
  }

  #list(key: string): List {
    let list = this.#lists.get(key)
    if (!list) this.#lists.set(key, (list = { longest: [], acknowledged: [] }))
    return list
  }
}
