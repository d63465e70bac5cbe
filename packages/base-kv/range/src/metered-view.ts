/** A read view whose reads count as load. */
import type { RangeIterator, RangeView } from '@base-kv/storage'
import type { LoadWindow } from './load-window.ts'

export function meteredView(view: RangeView, window: LoadWindow): RangeView {
  return {
    get record() {
      return view.record
    },
    get(space, key) {
      const value = view.get(space, key)
      if (space === 'user') window.paged(key, key.length + (value?.length ?? 0))
      return value
    },
    scan: (space, options) =>
      space === 'user' ? meteredIterator(view.scan(space, options), window) : view.scan(space, options),
    close: () => view.close(),
    [Symbol.asyncDispose]: () => view.close(),
  }
}

function meteredIterator(iterator: RangeIterator, window: LoadWindow): RangeIterator {
  return {
    async next() {
      const page = await iterator.next()
      for (const [key, value] of page) window.paged(key, key.length + value.length)
      return page
    },
    close: () => iterator.close(),
    [Symbol.asyncDispose]: () => iterator.close(),
  }
}
