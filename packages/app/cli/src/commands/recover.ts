/**
 * range recover: says what may be lost and who must never return, and wants those named before it goes on: a lost node
 * that comes back without having been told of the recovery may serve old keys to whoever reaches it alone.
 */
import { createInterface } from 'node:readline/promises'
import { KvError } from '@base-kv/base'
import { findStore, type KvClient } from '@base-kv/client'
import { type ClientFlags, withClient } from '../client-options.ts'
import { clusterView, type RangeView, shortStore, type StoreRef } from '../cluster-view.ts'
import { parseFormat, print } from '../output/print.ts'
import { table } from '../output/table.ts'
import { names, printRange, rangeId } from './manage.ts'

export interface RecoverFlags extends ClientFlags {
  readonly range?: string
  readonly all?: boolean
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
  if (flags.all && flags.range !== undefined) {
    throw new KvError('BadRequest', '--all and --range exclude each other')
  }
  await withClient(flags, async (client) => {
    if (flags.all) return recoverAll(client, { survivor: wanted, lost: flags.lost, format })
    const id = await rangeId(client, flags.range)
    const picture = await client.describe({ rangeIds: [id] })
    const view = clusterView(picture)
    const range = view.ranges.find((one) => one.id === id)
    if (!range) throw new KvError('NotFound', `no range ${id}`, { hint: 'see `base-kv range list`' })
    const survivor = findStore(picture, wanted)
    const lost = lostMembers(range)
    const why = refusal(range, survivor)
    if (why) throw why
    process.stderr.write(warning(range, survivor, lost))
    confirm(lost, flags.lost === undefined ? await typed(lost) : names(flags.lost))
    const recovered = await client.recover({ rangeId: id, store: survivor, lost: lost.map(({ store }) => store) })
    await printRange(client, format, recovered)
  })
}

/** Ranges under way at once. */
const AT_ONCE = 16

/** Each range that lost its quorum and has nowhere more than at `survivor`. The lost are named once for all. */
async function recoverAll(
  client: KvClient,
  { survivor, lost, format }: { survivor: string; lost: string | undefined; format: ReturnType<typeof parseFormat> },
): Promise<void> {
  const picture = await client.describe()
  const view = clusterView(picture)
  const store = findStore(picture, survivor)
  const chosen = view.ranges.filter((range) => !range.leader && refusal(range, store) === null)
  const others = view.ranges.filter((range) => !range.leader && !chosen.includes(range))
  for (const range of others) process.stderr.write(`left out: ${refusal(range, store)?.message ?? ''}\n`)
  if (chosen.length === 0) throw new KvError('BadRequest', `no range can be recovered at ${survivor}`)
  const missing = new Map(chosen.flatMap(lostMembers).map((ref) => [ref.store, ref]))
  const named = [...missing.values()].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  process.stderr.write(`${chosen.length} ranges are about to go on with one replica each, at ${survivor}.\n`)
  process.stderr.write(`Writes that were acknowledged by the lost replicas alone are lost.\n${neverReturn(named)}\n`)
  confirm(named, lost === undefined ? await typed(named) : names(lost))
  const waiting = [...chosen]
  const failed: { id: string; error: string }[] = []
  const worker = async (): Promise<void> => {
    for (let range = waiting.shift(); range; range = waiting.shift()) {
      const { id } = range
      const without = lostMembers(range).map((one) => one.store)
      const options = { rangeId: id, store, lost: without }
      await client.recover(options).catch((thrown: unknown) => failed.push({ id, error: (thrown as Error).message }))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  const recovered = chosen.length - failed.length
  await print(format, {
    json: { recovered, failed },
    table: () => [`${recovered} ranges recovered`, ...failed.map(({ id, error }) => `${id}: ${error}`), ''].join('\n'),
    raw: () => `${recovered}\n`,
  })
  if (failed.length > 0) throw new KvError('TryLater', `${failed.length} ranges were not recovered`, { hint: 'again' })
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

/** Why the range must not be recovered there; null when it may be. */
function refusal(range: RangeView, survivor: string): KvError | null {
  if (range.leader) {
    return new KvError('BadRequest', `range ${range.id} has a leader: there is nothing to recover`, {
      hint: 'change its members with `base-kv range replicas`',
    })
  }
  const replicas = sound(range)
  const voters = replicas.filter(({ member }) => member === 'voter').length
  if (2 * voters > range.voters.length) {
    return new KvError('BadRequest', `${voters} of ${range.voters.length} voters of range ${range.id} answer`, {
      hint: 'that is a majority: they will elect a leader by themselves',
    })
  }
  const chosen = replicas.find(({ store }) => store === survivor)
  if (!chosen) {
    const holders = replicas.map(({ node }) => node).join(', ') || 'none that answers'
    return new KvError('BadRequest', `no sound replica of range ${range.id} is there`, { hint: `holders: ${holders}` })
  }
  const [best] = replicas.toSorted(byAdvance)
  if (best && byAdvance(chosen, best) > 0) {
    return new KvError('BadRequest', `${best.node} has more of range ${range.id}`, {
      hint: `choose --store ${best.node} (entry ${best.lastIndex} of term ${best.lastTerm}), or stop it first`,
    })
  }
  return null
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
    neverReturn(lost),
    others.length > 0 ? `Not chosen, to be refilled: ${others.map(({ node }) => node).join(', ')}.` : '',
    'Afterwards `base-kv range replicas` gives the range its other replicas back.',
    '',
  ]
    .filter((line, at, all) => line !== '' || all[at - 1] !== '')
    .join('\n')
}

const neverReturn = (lost: readonly StoreRef[]): string =>
  lost.length > 0
    ? `These stores must never return: ${lost.map(showLost).join(', ')}. Wipe them before they are started again.`
    : ''

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
