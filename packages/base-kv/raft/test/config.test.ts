import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { replicaId, type ReplicaId, type StoreId } from '@base-kv/base'
import {
  type Config,
  configMembers,
  configMembersMax,
  decodeConfig,
  emptyConfig,
  encodeConfig,
  hasMember,
  initialConfig,
  isJoint,
  isVoter,
  memberOf,
  wellFormed,
} from '@base-kv/raft'
import { changeTo, leaveJoint } from '../src/config.ts'
import { store } from './words.ts'

const stores = Array.from({ length: 8 }, (_, i) => store(i + 1))
const voterSet = fc.subarray(stores, { minLength: 1 })
const storeSet = fc.subarray(stores)

/** Any reachable configuration: changes, each from the one before. */
const configs = fc
  .tuple(voterSet, fc.array(fc.tuple(voterSet, storeSet, fc.boolean()), { maxLength: 5 }))
  .map(([first, changes]): Config => {
    let config = initialConfig(first)
    changes.forEach(([voters, others, leave], i) => {
      if (isJoint(config)) config = leaveJoint(config)
      const learners = others.filter((id) => !voters.includes(id))
      const next = changeTo(config, { voters, learners }, 10 + i)
      if (next) config = leave && isJoint(next) ? leaveJoint(next) : next
    })
    return config
  })

describe('configuration bytes', () => {
  test('come back as they were', () => {
    fc.assert(
      fc.property(configs, (config) => {
        expect(decodeConfig(encodeConfig(config))).toEqual(config)
      }),
    )
    expect(decodeConfig(encodeConfig(emptyConfig))).toEqual(emptyConfig)
  })

  test('anything else is refused, or is the one encoding of what it says', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        const config = decodeConfig(bytes)
        if (config) expect(encodeConfig(config)).toEqual(bytes)
      }),
    )
  })

  test('one changed, missing or added byte never decodes to the same configuration', () => {
    fc.assert(
      fc.property(configs, fc.nat(), fc.integer({ min: 1, max: 255 }), (config, position, change) => {
        const bytes = encodeConfig(config)
        const at = position % bytes.length
        const flipped = bytes.slice()
        flipped[at] = (flipped[at] as number) ^ change
        expect(decodeConfig(flipped)).not.toEqual(config)
        expect(decodeConfig(bytes.subarray(0, at))).toBeUndefined()
        expect(decodeConfig(Uint8Array.of(...bytes, 0))).toBeUndefined()
      }),
    )
  })

  test('a view into a larger buffer decodes the same', () => {
    const config = initialConfig([stores[0] as StoreId])
    const bytes = encodeConfig(config)
    const larger = new Uint8Array(bytes.length + 7)
    larger.set(bytes, 3)
    expect(decodeConfig(larger.subarray(3, 3 + bytes.length))).toEqual(config)
  })

  test('a newer version and too many members are refused', () => {
    const bytes = encodeConfig(initialConfig([stores[0] as StoreId]))
    expect(decodeConfig(Uint8Array.of(2, ...bytes.subarray(1)))).toBeUndefined()
    const many = Array.from({ length: configMembersMax + 1 }, (_, i) => store(i + 1))
    expect(wellFormed(initialConfig(many))).toBe(false)
    expect(() => encodeConfig(initialConfig(many))).toThrow('well-formed')
  })
})

describe('changes', () => {
  test('every reachable configuration is well formed', () => {
    fc.assert(fc.property(configs, wellFormed))
  })

  test('who stays keeps the replica id, who comes gets the index of the entry', () => {
    fc.assert(
      fc.property(configs, voterSet, storeSet, (before, voters, others) => {
        const config = isJoint(before) ? leaveJoint(before) : before
        const learners = others.filter((id) => !voters.includes(id))
        const next = changeTo(config, { voters, learners }, 99)
        if (!next) throw new Error('a sensible target is refused')
        const last = isJoint(next) ? leaveJoint(next) : next
        expect(last.voters.map((member) => member.store)).toEqual(voters)
        expect(last.learners.map((member) => member.store)).toEqual(learners)
        for (const member of configMembers(last)) {
          expect(member.replica).toBe(memberOf(config, member.store)?.replica ?? 99)
        }
        const sameVoters = voters.every((id) =>
          isVoter(config, { store: id, replica: memberOf(config, id)?.replica ?? replicaId(0) }),
        )
        expect(isJoint(next)).toBe(!(sameVoters && voters.length === config.voters.length))
      }),
    )
  })

  test('senseless targets are refused', () => {
    const config = initialConfig(stores.slice(0, 3))
    const [a, b] = stores as [StoreId, StoreId]
    expect(changeTo(config, { voters: [], learners: [] }, 9)).toBeUndefined()
    expect(changeTo(config, { voters: [a, a], learners: [] }, 9)).toBeUndefined()
    expect(changeTo(config, { voters: [a], learners: [a] }, 9)).toBeUndefined()
    expect(changeTo(config, { voters: [a], learners: [b] }, 9)).toBeDefined()
  })

  test('an ill-formed configuration is known as one', () => {
    const member = (number: number, replica = 1): Config['voters'][number] => ({
      store: store(number),
      replica: replica as ReplicaId,
    })
    const bad: Config[] = [
      { ...emptyConfig, learners: [member(1)] },
      { ...emptyConfig, nextVoters: [member(1)] },
      { ...emptyConfig, voters: [member(1), member(1)] },
      { ...emptyConfig, voters: [member(2), member(1)] },
      { ...emptyConfig, voters: [member(1)], learners: [member(1)] },
      { ...emptyConfig, voters: [member(1)], nextLearners: [member(2)] },
      { ...emptyConfig, voters: [member(1)], nextVoters: [member(2)], nextLearners: [member(2)] },
      { ...emptyConfig, voters: [member(1)], nextVoters: [member(1, 2)] },
    ]
    for (const config of bad) expect(wellFormed(config)).toBe(false)
    expect(
      wellFormed({ ...emptyConfig, voters: [member(1)], nextVoters: [member(2)], nextLearners: [member(1)] }),
    ).toBe(true)
  })

  test('a member is a store and a replica id', () => {
    const config = initialConfig(stores.slice(0, 2))
    const [first] = config.voters as [Config['voters'][number]]
    expect(isVoter(config, first)).toBe(true)
    expect(isVoter(config, { ...first, replica: replicaId(2) })).toBe(false)
    expect(hasMember(configMembers(config), { ...first, replica: replicaId(2) })).toBe(false)
  })
})
