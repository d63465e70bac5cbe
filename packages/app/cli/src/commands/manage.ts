/** range transfer, replicas, split, merge. */
import { KvError } from '@base-kv/base'
import type { KvClient } from '@base-kv/client'
import type { v1 } from '@base-kv/protocol'
import { type ClientFlags, withClient } from '../client-options.ts'
import { type ClusterView, clusterView, showRef, type StoreRef } from '../cluster-view.ts'
import { parseBytes } from '../output/bytes-text.ts'
import { parseFormat, print } from '../output/print.ts'
import { table } from '../output/table.ts'

type Range = v1.RangeDescriptor.$Properties

export async function transfer(flags: ClientFlags & { range?: string; to: string }): Promise<void> {
  const format = parseFormat(flags.output)
  await withClient(flags, async (client) => {
    const range = await client.transfer({ rangeId: await rangeId(client, flags.range), to: flags.to })
    await printRange(client, format, range)
  })
}

export async function replicas(
  flags: ClientFlags & { range?: string; voters: string; learners?: string },
): Promise<void> {
  const format = parseFormat(flags.output)
  const voters = names(flags.voters)
  if (voters.length === 0) throw new KvError('BadRequest', 'a range wants voters', { hint: 'give --voters n1,n2,n3' })
  await withClient(flags, async (client) => {
    const range = await client.changeReplicas({
      rangeId: await rangeId(client, flags.range),
      voters,
      learners: names(flags.learners ?? ''),
    })
    await printRange(client, format, range)
  })
}

export async function split(flags: ClientFlags & { key: string; range?: string }): Promise<void> {
  const format = parseFormat(flags.output)
  const key = parseBytes(flags.key)
  await withClient(flags, async (client) => {
    const { left, rightId } = await client.split({ key, ...(flags.range ? { rangeId: flags.range } : {}) })
    await printRange(client, format, left, rightId)
  })
}

export async function merge(flags: ClientFlags & { left: string; right: string }): Promise<void> {
  const format = parseFormat(flags.output)
  await withClient(flags, async (client) => {
    await printRange(client, format, await client.merge({ leftId: flags.left, rightId: flags.right }))
  })
}

/** The range named; without a name the only one. */
export async function rangeId(client: KvClient, wanted: string | undefined): Promise<string> {
  if (wanted !== undefined) return wanted
  const { ranges } = await client.describe()
  const [only] = ranges
  if (only && ranges.length === 1) return only.rangeId
  throw new KvError('BadRequest', `there are ${ranges.length} ranges`, { hint: 'name one with --range' })
}

/** What the change made of the range: its version from the reply, who leads as the nodes say now. */
export async function printRange(
  client: KvClient,
  format: ReturnType<typeof parseFormat>,
  range: Range,
  rightId?: string,
): Promise<void> {
  const ids = [range.id ?? '', ...(rightId === undefined ? [] : [rightId])]
  const view = clusterView(await client.describe({ rangeIds: ids }))
  const left = shown(view, range.id ?? '', { high: range.verHigh ?? 0, low: range.verLow ?? 0 })
  // Both halves of a split begin with the same version.
  const right = rightId === undefined ? undefined : shown(view, rightId, { high: left.verHigh, low: left.verLow })
  const row = ({ id, verHigh, verLow, state, leader, voters, learners }: ReturnType<typeof shown>) => [
    id,
    `${verHigh}-${verLow}`,
    state,
    showRef(leader),
    refs(voters),
    refs(learners),
  ]
  await print(format, {
    json: right ? { ...left, right } : left,
    table: () =>
      table(['RANGE', 'VER', 'STATE', 'LEADER', 'VOTERS', 'LEARNERS'], [left, ...(right ? [right] : [])].map(row)),
    raw: () => `${left.ver}\n`,
  })
}

function shown(view: ClusterView, id: string, { high, low }: { readonly high: number; readonly low: number }) {
  const now = view.ranges.find((one) => one.id === id)
  const { leader = null, voters = [], learners = [], state = '' } = now ?? {}
  return { id, ver: high * 2 ** 32 + low, verHigh: high, verLow: low, state, leader, voters, learners }
}

const refs = (list: readonly StoreRef[]): string => list.map(showRef).join(', ')

export const names = (list: string): string[] =>
  list
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
