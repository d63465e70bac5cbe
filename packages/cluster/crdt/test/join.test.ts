import { describe, expect, test } from '@jest/globals'
import { hostId } from '@base-kv/base'
import fc from 'fast-check'
import { type Entry, OwnedMap, type Register, Registers } from '../src/index.ts'

const sizeOf = (key: string, { value }: Entry) => key.length + (value?.length ?? 0)

/** What one owner does, one operation after another. */
const operations = fc.array(
  fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), value: fc.option(fc.uint8Array({ maxLength: 2 })) }),
  { maxLength: 30 },
)
type Operation = { readonly key: string; readonly value: Uint8Array | null }

/** The owner's map after its first `count` operations. */
function after(ops: readonly Operation[], count: number): OwnedMap {
  const map = new OwnedMap()
  ops.slice(0, count).forEach(({ key, value }, i) => map.write(key, { stamp: BigInt(i + 1), value }))
  return map
}

function join(into: OwnedMap, from: OwnedMap): OwnedMap {
  const part = from.since(into.version, Number.POSITIVE_INFINITY, sizeOf)
  if (part) into.join(part)
  return into
}

const seen = (map: OwnedMap) => [map.version, [...map.values()].map(([key, value]) => `${key} ${value}`).sort()]

describe('joining what one owner said', () => {
  const states = fc.tuple(operations, fc.nat(30), fc.nat(30), fc.nat(30))

  test('is commutative, associative and idempotent', () => {
    fc.assert(
      fc.property(states, ([ops, i, j, k]) => {
        const [a, b, c] = [() => after(ops, i), () => after(ops, j), () => after(ops, k)]
        expect(seen(join(a(), b()))).toEqual(seen(join(b(), a())))
        expect(seen(join(join(a(), b()), c()))).toEqual(seen(join(a(), join(b(), c()))))
        expect(seen(join(a(), a()))).toEqual(seen(a()))
        expect(seen(join(join(a(), b()), b()))).toEqual(seen(join(a(), b())))
      }),
    )
  })

  test('ends in the owner’s own state whatever parts arrive, cut anywhere, in any order and more than once', () => {
    fc.assert(
      fc.property(
        operations,
        fc.array(fc.tuple(fc.nat(30), fc.nat(30), fc.nat(12)), { maxLength: 40 }),
        (ops, deliveries) => {
          const replica = new OwnedMap()
          for (const [count, from, room] of deliveries) {
            const part = after(ops, count).since(BigInt(from), room, sizeOf)
            if (part) replica.join(part)
          }
          const owner = after(ops, ops.length)
          while (replica.version < owner.version) {
            const joined = replica.join(owner.since(replica.version, 3, sizeOf)!)
            expect(joined.kind).toBe('applied')
          }
          expect(seen(replica)).toEqual(seen(owner))
        },
      ),
    )
  })

  test('never brings a deleted key back, also from a copy that was away while its tombstone was dropped', () => {
    const owner = new OwnedMap()
    let stamp = 0n
    const write = (key: string, value: Uint8Array | null) => owner.write(key, { stamp: ++stamp, value })
    write('kept', Uint8Array.of(1))
    write('deleted', Uint8Array.of(2))
    const away = join(new OwnedMap(), owner)
    write('deleted', null)
    for (let i = 0; i < 5_000; i++) {
      write(`k${i}`, Uint8Array.of(3))
      write(`k${i}`, null)
    }
    const near = join(new OwnedMap(), owner)
    expect(near.get('deleted')).toBeUndefined()
    join(near, away)
    expect(near.get('deleted')).toBeUndefined()
    join(away, near)
    expect([...away.values()]).toEqual([['kept', Uint8Array.of(1)]])
    expect(away.size).toBe(1)
    // Tombstones are bounded.
    expect(owner.since(0n, Number.POSITIVE_INFINITY, sizeOf)!.entries.length).toBeLessThan(1_100)
  })

  test('a part that leaves a hole is not taken in', () => {
    const owner = after(
      ['a', 'b', 'c', 'd'].map((key) => ({ key, value: Uint8Array.of(1) })),
      4,
    )
    const replica = new OwnedMap()
    expect(replica.join(owner.since(2n, 100, sizeOf)!)).toEqual({ kind: 'gap' })
    expect(replica.version).toBe(0n)
  })
})

describe('registers', () => {
  const register: fc.Arbitrary<Register> = fc.record({
    edit: fc.integer({ min: 1, max: 3 }),
    stamp: fc.bigInt({ min: 1n, max: 3n }),
    host: fc.constantFrom(hostId('x'), hostId('y')),
    value: fc.uint8Array({ maxLength: 1 }),
  })

  test('end alike whatever the order', () => {
    fc.assert(
      fc.property(fc.array(register, { minLength: 1, maxLength: 8 }), fc.nat(), (writes, shift) => {
        const [a, b] = [new Registers(), new Registers()]
        for (const write of writes) a.join('k', write)
        const turned = [...writes.slice(shift % writes.length), ...writes.slice(0, shift % writes.length), ...writes]
        for (const write of turned.reverse()) b.join('k', write)
        expect(a.get('k')).toEqual(b.get('k'))
      }),
    )
  })
})
