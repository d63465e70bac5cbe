/** Puts through the client library: over thirty ranges led by three nodes, against one range, in turn. */
import { type KvClient, openClient } from '@base-kv/client'
import type { Children } from './children.ts'
import { clientLoad } from './client-suite.ts'
import type { OurSystem } from './our-cluster.ts'
import { median } from './statistics.ts'
import { until } from './until.ts'

export interface SpreadFigures {
  readonly inFlight: number
  readonly ranges: number
  /** Medians, a second. */
  readonly onePerSecond: number
  readonly manyPerSecond: number
  readonly ratio: number
  readonly rounds: readonly { readonly one: number; readonly many: number }[]
}

/** Keys of the load begin with eight hexadecimal digits, evenly. */
export async function spreadRanges(system: OurSystem, ranges: number): Promise<void> {
  const client = openClient({ endpoints: system.endpoints, timeoutMs: 30_000 })
  try {
    for (let i = 1; i < ranges; i++) {
      const key = Math.floor((i * 2 ** 32) / ranges)
        .toString(16)
        .padStart(8, '0')
      await client.split({ key })
    }
    await until('leaders in turn', 60_000, () => leadersInTurn(client))
  } finally {
    client.close()
  }
}

async function leadersInTurn(client: KvClient): Promise<true | undefined> {
  const { nodes, ranges } = await client.describe()
  const stores = nodes.map(({ store }) => store?.id ?? '')
  const wrong = ranges.filter(({ leader }, at) => leader !== stores[at % stores.length])
  for (const { rangeId } of wrong) {
    const at = ranges.findIndex((range) => range.rangeId === rangeId)
    await client.transfer({ rangeId, to: stores[at % stores.length] ?? '' })
  }
  return wrong.length === 0 ? true : undefined
}

export async function measureSpread(
  systems: { readonly one: OurSystem; readonly many: OurSystem },
  load: { readonly inFlight: number; readonly ranges: number; readonly seconds: number; readonly rounds: number },
  {
    children,
    value,
    say,
  }: { readonly children: Children; readonly value: Buffer; readonly say: (line: string) => void },
): Promise<SpreadFigures> {
  const { inFlight, seconds } = load
  const perSecond = async (system: OurSystem, mark: string): Promise<number> => {
    const options = {
      endpoints: system.endpoints,
      inFlight,
      warmUpSeconds: 1,
      seconds,
      mark,
      value: value.toString('base64'),
    }
    const result = await clientLoad(children, options)
    return result.acknowledged / result.seconds
  }
  const rounds: { one: number; many: number }[] = []
  for (let round = 1; round <= load.rounds; round++) {
    const mark = `s${inFlight}r${round}`
    const one = await perSecond(systems.one, mark)
    const many = await perSecond(systems.many, mark)
    rounds.push({ one, many })
    say(`client-put ${inFlight}: one range ${Math.round(one)}/s, ${load.ranges} ranges ${Math.round(many)}/s`)
  }
  const onePerSecond = median(rounds.map(({ one }) => one))
  const manyPerSecond = median(rounds.map(({ many }) => many))
  return { inFlight, ranges: load.ranges, onePerSecond, manyPerSecond, ratio: manyPerSecond / onePerSecond, rounds }
}
