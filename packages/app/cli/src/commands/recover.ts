/**
 * range recover: says what may be lost and who must never return, and wants those named before it goes on: a lost node
 * that comes back without having been told of the recovery may serve old keys to whoever reaches it alone.
 */
import { createInterface } from 'node:readline/promises'
import { KvError } from '@base-kv/base'
import { findStore } from '@base-kv/client'
import { type ClientFlags, withClient } from '../client-options.ts'
import { clusterView, type RangeView, shortStore, type StoreRef } from '../cluster-view.ts'
import { parseFormat } from '../output/print.ts'
import { table } from '../output/table.ts'
import { names, printRange, rangeId } from './manage.ts'

export interface RecoverFlags extends ClientFlags {
  readonly range?: string
  readonly acceptDataLoss?: boolean
  readonly lost?: string
}

type Replica = RangeView['replicas'][number]

export async function recover(given: RecoverFlags): Promise<void> {
  if (!given.acceptDataLoss) {
    throw new KvError('BadRequest', 'recover may lose what only the lost replicas had', {
      hint: 'give --accept-data-loss when they will never come back',
    })
  }
  // `--store` names the replica to go on with here, not a service.
  const { store: wanted = '', ...flags } = given
  const format = parseFormat(flags.output)
  await withClient(flags, async (client) => {
    const id = await rangeId(client, flags.range)
    const picture = await client.describe({ rangeIds: [id] })
    const view = clusterView(picture)
    const range = view.ranges.find((one) => one.id === id)
    if (!range) throw new KvError('NotFound', `no range ${id}`, { hint: 'see `base-kv range list`' })
    const survivor = findStore(picture, wanted)
    const lost = lostMembers(range)
    refuse(range, survivor)
    process.stderr.write(warning(range, survivor, lost))
    confirm(lost, flags.lost === undefined ? await typed(lost) : names(flags.lost))
    const recovered = await client.recover({ rangeId: id, store: survivor, lost: lost.map(({ store }) => store) })
    await printRange(client, format, recovered)
  })
}

/** Members of whose replica nothing is heard. */
const lostMembers = ({ voters, learners, replicas }: RangeView): StoreRef[] =>
  [...voters, ...learners]
    .filter(({ store }) => !replicas.some((one) => one.store === store))
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))

/** The newer last term wins, then the longer log: as an election judges. */
const byAdvance = (a: Replica, b: Replica): number => b.lastTerm - a.lastTerm || b.lastIndex - a.lastIndex

const sound = ({ replicas }: RangeView): Replica[] =>
  replicas.filter(({ damage, member, lastIndex }) => damage === '' && member !== 'none' && lastIndex > 0)

function refuse(range: RangeView, survivor: string): void {
  if (range.leader) {
    throw new KvError('BadRequest', `range ${range.id} has a leader: there is nothing to recover`, {
      hint: 'change its members with `base-kv range replicas`',
    })
  }
  const replicas = sound(range)
  const voters = replicas.filter(({ member }) => member === 'voter').length
  if (2 * voters > range.voters.length) {
    throw new KvError('BadRequest', `${voters} of ${range.voters.length} voters of range ${range.id} answer`, {
      hint: 'that is a majority: they will elect a leader by themselves',
    })
  }
  const chosen = replicas.find(({ store }) => store === survivor)
  if (!chosen) {
    const holders = replicas.map(({ node }) => node).join(', ') || 'none that answers'
    throw new KvError('BadRequest', `no sound replica of range ${range.id} is there`, { hint: `holders: ${holders}` })
  }
  const [best] = replicas.toSorted(byAdvance)
  if (best && byAdvance(chosen, best) > 0) {
    throw new KvError('BadRequest', `${best.node} has more of range ${range.id}`, {
      hint: `choose --store ${best.node} (entry ${best.lastIndex} of term ${best.lastTerm}), or stop it first`,
    })
  }
}

function warning(range: RangeView, survivor: string, lost: readonly StoreRef[]): string {
  const rows = sound(range)
    .toSorted(byAdvance)
    .map((one) => [
      one.store === survivor ? '→' : '',
      one.node,
      shortStore(one.store),
      one.member,
      one.lastIndex,
      one.lastTerm,
      one.appliedIndex,
    ])
  const others = sound(range).filter(({ store }) => store !== survivor)
  return [
    `Range ${range.id} is about to go on with one replica.`,
    '',
    table(['', 'NODE', 'STORE', 'MEMBER', 'LAST INDEX', 'LAST TERM', 'APPLIED'], rows).trimEnd(),
    '',
    'Writes that were acknowledged by the lost replicas alone are lost: every one behind the last index above.',
    lost.length > 0
      ? `These stores must never return: ${lost.map(showLost).join(', ')}. Wipe them before they are started again.`
      : '',
    others.length > 0 ? `Not chosen, to be refilled: ${others.map(({ node }) => node).join(', ')}.` : '',
    'Afterwards `base-kv range replicas` gives the range its other replicas back.',
    '',
  ]
    .filter((line, at, all) => line !== '' || all[at - 1] !== '')
    .join('\n')
}

/** A node's name is known as long as somebody met it. */
const nameOf = ({ node, store }: StoreRef): string => (node === '?' ? shortStore(store) : node)
const showLost = (ref: StoreRef): string => (ref.node === '?' ? ref.store : `${ref.node} (${ref.store})`)
const toType = (lost: readonly StoreRef[]): string => lost.map(nameOf).join(',')

async function typed(lost: readonly StoreRef[]): Promise<string[]> {
  if (lost.length === 0) return []
  if (!process.stdin.isTTY) {
    throw new KvError('BadRequest', 'the stores that must never return are to be named', {
      hint: `add --lost ${toType(lost)}`,
    })
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return names(await terminal.question(`Type their names to go on (${toType(lost)}): `))
  } finally {
    terminal.close()
  }
}

function confirm(lost: readonly StoreRef[], given: readonly string[]): void {
  const matches = (ref: StoreRef, name: string) =>
    name === ref.node || name === ref.store || (name.length >= 8 && ref.store.startsWith(name))
  const isEach = lost.every((ref) => given.some((name) => matches(ref, name)))
  const isOnly = given.every((name) => lost.some((ref) => matches(ref, name)))
  if (isEach && isOnly) return
  throw new KvError('BadRequest', `those are not the stores that must never return`, {
    hint: lost.length > 0 ? `name exactly ${toType(lost)}` : 'every other member answers: name none',
  })
}
