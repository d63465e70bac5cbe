/**
 * Which range serves a key. A range is what the replica that has applied most of its log says of it, whichever process
 * that was and whether or not it still lives: what is applied is committed, so every linearizable read that begins from
 * now on is answered behind it, whoever leads. Ranges that serve by that measure must tile the key space at every moment:
 * a key in two of them would be answered by two leaders, a key in none of them by nobody ever again.
 *
 * While two of them merge the right one is frozen: it serves no more, and its keys are in no other range yet.
 */
import { compareEnds, compareKeys, compareStarts, type Boundary, type RangeId } from '@base-kv/base'
import { decodeState, type ReplicatedState } from '@base-kv/range'
import type { RangeRecord } from '@base-kv/storage'
import { must, Violation } from '../checkers/violation.ts'

export interface NewestRange {
  readonly id: RangeId
  readonly applied: number
  readonly state: ReplicatedState
}

export class Ownership {
  readonly #newest = new Map<RangeId, NewestRange>()
  // Decoding is for changes only.
  readonly #states = new Map<RangeId, Uint8Array>()
  #isStale = false

  /** One replica has applied that much. */
  saw(id: RangeId, { applied, state: bytes, boundary }: RangeRecord): void {
    const known = this.#newest.get(id)
    if (known && known.applied >= applied.index) return
    const before = this.#states.get(id)
    if (known && before === bytes) {
      this.#newest.set(id, { ...known, applied: applied.index })
      return
    }
    const state = decodeState(bytes)
    must(
      'boundary',
      sameBoundary(boundary, state.boundary),
      () => `${id}: the record says ${show(boundary)}, the state ${show(state.boundary)}`,
    )
    if (known) {
      const isForward =
        state.ver.high > known.state.ver.high ||
        (state.ver.high === known.state.ver.high && state.ver.low >= known.state.ver.low)
      must('versions go forward', isForward, () => `${id} went from ${verText(known.state)} to ${verText(state)}`)
      const isMoved = !sameBoundary(known.state.boundary, state.boundary)
      must(
        'another boundary, another version',
        !isMoved || state.ver.high > known.state.ver.high,
        () => `${id} went from ${show(known.state.boundary)} to ${show(state.boundary)} at ${verText(state)}`,
      )
    }
    this.#states.set(id, bytes)
    this.#newest.set(id, { id, applied: applied.index, state })
    this.#isStale = true
  }

  get ranges(): readonly NewestRange[] {
    return [...this.#newest.values()]
  }

  newest(id: RangeId): NewestRange | undefined {
    return this.#newest.get(id)
  }

  /** Those that answer, in the order of their keys. */
  get serving(): readonly NewestRange[] {
    return this.ranges
      .filter(({ state }) => serves(state))
      .toSorted((a, b) => compareStarts(a.state.boundary.start, b.state.boundary.start))
  }

  /** After each event. */
  check(): void {
    if (!this.#isStale) return
    this.#isStale = false
    let at: Boundary['end'] = null
    let before: NewestRange | null = null
    for (const one of this.serving) {
      const { start } = one.state.boundary
      if (before && at === null)
        throw new Violation('one serving range', `${one.id} begins behind the end of the key space: ${this.text}`)
      const isTwice = before ? compareStarts(at, start) > 0 : false
      must('one serving range', !isTwice, () => `keys from ${show({ start, end: at })} are served twice: ${this.text}`)
      const isGap = before ? compareStarts(at, start) < 0 : start !== null
      if (isGap) this.#mustBeFrozen({ start: at, end: start })
      at = one.state.boundary.end
      before = one
    }
    if (!before || at !== null) this.#mustBeFrozen({ start: at, end: null })
  }

  #mustBeFrozen(gap: Boundary): void {
    const frozen = this.ranges
      .filter(({ state }) => state.state === 'WaitingForMerge')
      .map(({ state }) => state.boundary)
    const isCovered = tiles(frozen, gap)
    must('no gap', isCovered, () => `nothing serves ${show(gap)}: ${this.text}`)
  }

  get text(): string {
    return this.ranges
      .map(
        ({ id, applied, state }) =>
          `${id.slice(-6)} ${verText(state)} ${state.state} ${show(state.boundary)} at ${applied}`,
      )
      .join('; ')
  }
}

const serves = ({ state }: ReplicatedState): boolean =>
  state === 'Normal' || state === 'ConfigChanging' || state === 'PreparedMerging'
const verText = ({ ver }: ReplicatedState): string => `${ver.high}-${ver.low}`
/** Whether these cover the gap, one behind the other. */
function tiles(boundaries: readonly Boundary[], gap: Boundary): boolean {
  let at = gap.start
  for (let left = boundaries.length; left >= 0; left--) {
    const next = boundaries.find(
      ({ start, end }) => compareStarts(start, at) <= 0 && (end === null || at === null || compareKeys(end, at) > 0),
    )
    if (!next) return false
    if (compareEnds(next.end, gap.end) >= 0) return true
    at = next.end
  }
  return false
}

const sameBoundary = (a: Boundary, b: Boundary): boolean =>
  compareStarts(a.start, b.start) === 0 && compareEnds(a.end, b.end) === 0
export const show = ({ start, end }: Boundary): string =>
  `[${start ? Buffer.from(start).toString() : ''}, ${end ? Buffer.from(end).toString() : ''})`
