/** status, members, landscape, range list: what the nodes say of themselves. */
import { askEndpoint } from '../ask-endpoint.ts'
import { type ClientFlags, withClient } from '../client-options.ts'
import { type ClusterView, clusterView, type RangeView, shortStore, showRef } from '../cluster-view.ts'
import { showBytes, showBytesShort } from '../output/bytes-text.ts'
import { parseFormat, print } from '../output/print.ts'
import { showBytesCount, showTime } from '../output/show-units.ts'
import { type Cell, table } from '../output/table.ts'

const tabs = (rows: readonly (readonly Cell[])[]): string => rows.map((row) => row.join('\t') + '\n').join('')

/** Exit code 69 when a range has no leader. */
export async function status(flags: ClientFlags): Promise<number> {
  const format = parseFormat(flags.output)
  const view = await withClient(flags, async (client) => clusterView(await client.describe()))
  await print(format, {
    json: { healthy: view.healthy, health: view.health, nodes: view.nodes, ranges: view.ranges.map(rangeJson) },
    table: () => `${view.health}\n\n${nodesTable(view)}\n${rangesTable(view)}`,
    raw: () => `${view.health}\n`,
  })
  return view.healthy ? 0 : 69
}

function nodesTable(view: ClusterView): string {
  return table(
    ['NODE', 'STORE', 'ADDRESS', 'STATE', 'ROLE', 'APPLIED', 'UPTIME', 'PID'],
    view.nodes.map((node) => [
      node.node,
      shortStore(node.store),
      node.address,
      node.state,
      node.role,
      node.appliedIndex ?? undefined,
      node.uptimeMs === null ? undefined : showTime(node.uptimeMs),
      node.pid ?? undefined,
    ]),
  )
}

export async function rangeList(flags: ClientFlags): Promise<void> {
  const format = parseFormat(flags.output)
  const view = await withClient(flags, async (client) => clusterView(await client.describe()))
  await print(format, {
    json: view.ranges.map(rangeJson),
    table: () => rangesTable(view),
    raw: () =>
      tabs(view.ranges.map((range) => [range.id, range.leader?.node, range.leader?.store, range.appliedIndex])),
  })
}

function rangesTable(view: ClusterView): string {
  return table(
    ['RANGE', 'LEADER', 'START', 'END', 'VER', 'STATE', 'VOTERS', 'LEARNERS', 'SIZE', 'KEYS', 'APPLIED'],
    view.ranges.map((range) => [
      range.id,
      showRef(range.leader),
      range.startKey ? showBytesShort(range.startKey) : '(first)',
      range.endKey ? showBytesShort(range.endKey) : '(last)',
      showVer(range.ver),
      range.state,
      range.voters.map((voter) => `${voter.node} ${shortStore(voter.store)}`).join(', '),
      range.learners.map((learner) => `${learner.node} ${shortStore(learner.store)}`).join(', '),
      range.sizeBytes === null ? undefined : showBytesCount(range.sizeBytes),
      range.keys === null ? undefined : showKeys(range.keys),
      appliedCell(range),
    ]),
  )
}

/** Each replica's applied index, so that one that catches up is seen doing it. */
function appliedCell(range: RangeView): string {
  return range.replicas
    .map(({ node, appliedIndex, damage, member }) => {
      const mark = damage ? ` damaged: ${damage}` : member === 'none' ? ' (no member)' : ''
      return `${node} ${appliedIndex}${mark}`
    })
    .join(', ')
}

/** Many are counted roughly. */
const showKeys = (keys: number): string => {
  if (keys <= 200) return String(keys)
  const unit = 10 ** (String(keys).length - 2)
  return `~${Math.round(keys / unit) * unit}`
}

const showShare = (share: number | undefined): string | undefined =>
  share === undefined ? undefined : `${Math.round(share * 100)} %`

const showVer = (ver: RangeView['ver']): string => `${ver.high}-${ver.low}`

/** The version as one number, as the admin API has it. */
const verNumber = (ver: RangeView['ver']): number => ver.high * 2 ** 32 + ver.low

export function rangeJson(range: RangeView): unknown {
  return {
    id: range.id,
    leader: range.leader,
    startKey: range.startKey && showBytes(range.startKey),
    endKey: range.endKey && showBytes(range.endKey),
    startKeyBase64: range.startKey && Buffer.from(range.startKey).toString('base64'),
    endKeyBase64: range.endKey && Buffer.from(range.endKey).toString('base64'),
    ver: verNumber(range.ver),
    verHigh: range.ver.high,
    verLow: range.ver.low,
    state: range.state,
    term: range.term,
    voters: range.voters,
    learners: range.learners,
    sizeBytes: range.sizeBytes,
    keys: range.keys,
    appliedIndex: range.appliedIndex,
    syncState: range.syncState,
    hints: range.hints.map(({ type, load, splitKey }) => ({
      type,
      load,
      splitKey: splitKey && showBytes(splitKey),
      splitKeyBase64: splitKey && Buffer.from(splitKey).toString('base64'),
    })),
    factBase64: Buffer.from(range.fact).toString('base64'),
    hlc: range.hlc,
    replicas: range.replicas,
  }
}

/** As one endpoint sees it: the first that answers. */
export async function landscape(flags: ClientFlags): Promise<void> {
  const format = parseFormat(flags.output)
  const { v1 } = await import('@base-kv/protocol')
  const request = v1.LandscapeRequest.encode({}).finish()
  const reply = v1.LandscapeReply.decode(await askEndpoint(flags, '/basekv.v1.Cluster/Landscape', request))
  const stores = (reply.stores ?? []).map(({ descriptor, live, ranges, leads }) => ({
    node: descriptor?.node ?? '',
    store: descriptor?.id ?? '',
    name: descriptor?.name ?? '',
    hostId: descriptor?.hostId ?? '',
    address: descriptor?.address ?? '',
    live: live ?? false,
    epoch: descriptor?.epoch ?? '',
    epochConfirmed: descriptor?.epochConfirmed ?? false,
    ranges: ranges ?? 0,
    leads: leads ?? 0,
    diskFreeBytes: descriptor?.diskFreeBytes ?? 0,
    lowSpace: descriptor?.lowSpace ?? false,
    attributes: descriptor?.attributes ?? {},
    statistics: descriptor?.statistics ?? {},
  }))
  stores.sort((a, b) => (a.node < b.node ? -1 : 1))
  await print(format, {
    json: { stores },
    table: () =>
      table(
        ['NODE', 'STORE', 'SERVICE', 'ADDRESS', 'STATE', 'EPOCH', 'RANGES', 'LEADS', 'CPU', 'DISK FREE', 'ATTRIBUTES'],
        stores.map((store): Cell[] => [
          store.node,
          store.store,
          store.name,
          store.address,
          store.live ? 'up' : 'dead',
          store.epochConfirmed ? store.epoch : store.epoch && `${store.epoch} (unconfirmed)`,
          store.ranges,
          store.leads,
          showShare(store.statistics['cpu.usage']),
          showBytesCount(store.diskFreeBytes) + (store.lowSpace ? ' LOW: writes are refused' : ''),
          Object.entries(store.attributes)
            .map(([name, text]) => `${name}=${text}`)
            .join(', '),
        ]),
      ),
    raw: () => tabs(stores.map((store) => [store.node, store.store, store.address])),
  })
}

/** As one endpoint sees it: the first that answers. */
export async function members(flags: ClientFlags): Promise<void> {
  const format = parseFormat(flags.output)
  const { v1 } = await import('@base-kv/protocol')
  const reply = v1.MembersReply.decode(
    await askEndpoint(flags, '/basekv.v1.Cluster/Members', v1.MembersRequest.encode({}).finish()),
  )
  const list = (reply.members ?? []).map(({ node, hostId, stores, address, state, incarnation }) => ({
    node: node ?? '',
    hostId: hostId ?? '',
    stores: stores ?? [],
    address: address ?? '',
    state: state ?? '',
    incarnation: incarnation ?? 0,
  }))
  // Names, then those that nobody has heard of.
  const order = (one: { node: string; address: string }): string => `${one.node === '' ? '~' : one.node} ${one.address}`
  list.sort((a, b) => (order(a) < order(b) ? -1 : 1))
  await print(format, {
    json: list,
    table: () =>
      table(
        ['NODE', 'HOST', 'STORE', 'ADDRESS', 'STATE', 'INCARNATION'],
        list.map((one) => [
          one.node,
          one.hostId,
          one.stores.map(shortStore).join(', '),
          one.address,
          one.state,
          one.incarnation,
        ]),
      ),
    raw: () => tabs(list.map((one) => [one.node, one.hostId, one.address, one.state])),
  })
}
