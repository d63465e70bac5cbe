/** Management calls that must be refused: each with its code and reason, over gRPC and on the command line, and nothing changes. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { toKvError } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'
import { openChannel, type RpcChannel } from '@base-kv/rpc'
import { TestCluster } from '../harness/cluster.ts'
import { until } from '../harness/until.ts'

let cluster: TestCluster
let channels: RpcChannel[] = []
let left: v1.RangeDescriptor.$Properties
let right: v1.RangeDescriptor.$Properties
let stores: Record<string, string> = {}

const STRANGER = '00000000-0000-4000-8000-000000000099'

beforeAll(async () => {
  cluster = await TestCluster.up()
  channels = cluster.endpoints.map((endpoint) => openChannel(endpoint))
  await cluster.ok(['range', 'split', '--key', 'm'])
  await until('both halves have leaders and all three replicas', async () => {
    const ranges = await cluster.ranges()
    return ranges.length === 2 && ranges.every(({ leader, replicas }) => leader !== null && replicas.length === 3)
  })
  stores = Object.fromEntries((await pictures()).map(({ node, id }) => [node ?? '', id ?? '']))
  ;[left, right] = await described()
}, 120_000)
afterAll(async () => {
  for (const channel of channels) channel.close()
  await cluster?.close()
})

const unary = async (method: string, body: Uint8Array, at = 0): Promise<Uint8Array> =>
  channels[at]!.unary(`/basekv.v1.BaseKVStore/${method}`, body, { deadlineMs: 10_000 })

async function pictures(): Promise<v1.StoreDescriptor.$Properties[]> {
  const replies = await Promise.all(channels.map((_, at) => unary('Describe', new Uint8Array(), at)))
  return replies.map((reply) => v1.DescribeReply.decode(reply).store ?? {})
}

/** The two ranges as their leaders see them. */
async function described(): Promise<[v1.RangeDescriptor.$Properties, v1.RangeDescriptor.$Properties]> {
  return until('both have a leader', async () => {
    const led = (await pictures()).flatMap(({ ranges }) => (ranges ?? []).filter(({ role }) => role === 'Leader'))
    const [first, second] = [led.find(({ startKey }) => !startKey), led.find(({ startKey }) => startKey)]
    return led.length === 2 && first && second ? [first, second] : undefined
  })
}

type Answer = Pick<v1.ManagementReply, 'code' | 'message'> & { readonly range?: v1.RangeDescriptor.$Properties | null }

/** The reply's code, or that of the status. */
async function ask(method: string, body: Uint8Array): Promise<Answer> {
  try {
    const { code, message, range } = v1.ManagementReply.decode(await unary(method, body))
    return { code, message, range: range ?? null }
  } catch (thrown) {
    const { code, message } = toKvError(thrown)
    return { code, message }
  }
}

const split = (fields: v1.SplitRequest.$Properties) => ask('Split', v1.SplitRequest.encode(fields).finish())
const change = (fields: v1.ChangeReplicaConfigRequest.$Properties) =>
  ask('ChangeReplicaConfig', v1.ChangeReplicaConfigRequest.encode(fields).finish())
const transfer = (fields: v1.TransferLeadershipRequest.$Properties) =>
  ask('TransferLeadership', v1.TransferLeadershipRequest.encode(fields).finish())
const recover = (fields: v1.RecoverRequest.$Properties) => ask('Recover', v1.RecoverRequest.encode(fields).finish())

const key = (text: string): Uint8Array => Buffer.from(text)
const ver = ({ verHigh, verLow }: v1.RangeDescriptor.$Properties) => ({ verHigh: verHigh ?? 0, verLow: verLow ?? 0 })
const identity = (range: v1.RangeDescriptor.$Properties) => ({
  id: range.id,
  ...ver(range),
  start: range.startKey ? Buffer.from(range.startKey).toString() : null,
  end: range.endKey ? Buffer.from(range.endKey).toString() : null,
  config: JSON.stringify(range.config),
})

async function nothingChanged(): Promise<void> {
  expect((await described()).map(identity)).toEqual([left, right].map(identity))
}

describe('over gRPC', () => {
  const all = () => Object.values(stores)
  test.each<[string, () => Promise<Answer>, string, RegExp]>([
    ['a split key that is empty', () => split({ rangeId: left.id ?? '' }), 'BadRequest', /empty/],
    [
      'a split key too long',
      () => split({ rangeId: left.id ?? '', splitKey: Buffer.alloc(20_000, 97) }),
      'BadRequest',
      /20000 bytes/,
    ],
    [
      'a split at the first key',
      () => split({ rangeId: right.id ?? '', splitKey: key('m') }),
      'BadRequest',
      /first key/,
    ],
    ['a split at the first key, by key', () => split({ splitKey: key('m') }), 'BadRequest', /first key/],
    ['a split at the end', () => split({ rangeId: left.id ?? '', splitKey: key('m') }), 'BadRequest', /outside/],
    ['a split behind the end', () => split({ rangeId: left.id ?? '', splitKey: key('z') }), 'BadRequest', /outside/],
    ['a split before the start', () => split({ rangeId: right.id ?? '', splitKey: key('a') }), 'BadRequest', /outside/],
    ['a range that is none', () => split({ rangeId: 'nothing', splitKey: key('a') }), 'BadRequest', /no range id/],
    ['a range that nobody has', () => split({ rangeId: '7_7', splitKey: key('a') }), 'TryLater', /no leader/],
    [
      'an old version, split',
      () => split({ rangeId: left.id ?? '', splitKey: key('c'), verHigh: 0, verLow: 1 }),
      'BadVersion',
      /by now/,
    ],
    [
      'an old version, members',
      () => change({ rangeId: left.id ?? '', voters: all(), verHigh: 0, verLow: 1 }),
      'BadVersion',
      /by now/,
    ],
    [
      'an old version, transfer',
      () => transfer({ rangeId: left.id ?? '', storeId: all()[0] ?? '', verHigh: 9 }),
      'BadVersion',
      /by now/,
    ],
    ['nobody', () => change({ rangeId: left.id ?? '' }), 'BadRequest', /at least one voter.*never purged/],
    ['learners alone', () => change({ rangeId: left.id ?? '', learners: all() }), 'BadRequest', /at least one voter/],
    ['one twice', () => change({ rangeId: left.id ?? '', voters: [...all(), all()[0] ?? ''] }), 'BadRequest', /twice/],
    [
      'a voter and learner',
      () => change({ rangeId: left.id ?? '', voters: all(), learners: all().slice(0, 1) }),
      'BadRequest',
      /twice/,
    ],
    [
      'a store that nobody knows',
      () => change({ rangeId: left.id ?? '', voters: [...all(), STRANGER] }),
      'NotFound',
      /no store/,
    ],
    ['a store that is none', () => change({ rangeId: left.id ?? '', voters: ['n1'] }), 'BadRequest', /no store id/],
    [
      'a transfer to a stranger',
      () => transfer({ rangeId: left.id ?? '', storeId: STRANGER }),
      'BadRequest',
      /no voter/,
    ],
    ['a transfer to nobody', () => transfer({ rangeId: left.id ?? '' }), 'BadRequest', /no store id/],
    [
      'a transfer to the leader',
      () => transfer({ rangeId: left.id ?? '', storeId: left.leader ?? '' }),
      'BadRequest',
      /leads already/,
    ],
    ['recover without consent', () => recover({ rangeId: left.id ?? '' }), 'BadRequest', /may lose/],
    [
      'recover with a leader',
      () => recover({ rangeId: left.id ?? '', acceptDataLoss: true }),
      'BadRequest',
      /has a leader/,
    ],
    [
      'recover, the lost answer',
      () => recover({ rangeId: left.id ?? '', acceptDataLoss: true, lostStores: all() }),
      'BadRequest',
      /lost|no other member/,
    ],
    ['recover of nothing', () => recover({ rangeId: '7_7', acceptDataLoss: true }), 'NotFound', /no replica/],
  ])('%s is refused', async (_, act, code, reason) => {
    const answer = await act()
    expect(answer).toMatchObject({ code, message: expect.stringMatching(reason) })
    // What is refused for its version carries the newest descriptor.
    if (code === 'BadVersion') expect(identity(answer.range ?? {})).toEqual(identity(left))
  })

  test('nothing has changed', nothingChanged)

  test('bytes that are no request are refused', async () => {
    for (const method of ['Split', 'Recover', 'ZombieQuit', 'Bootstrap', 'ChangeReplicaConfig', 'TransferLeadership']) {
      expect(await ask(method, Buffer.from([0xff, 0xff, 0xff]))).toMatchObject({ code: 'BadRequest' })
    }
    await nothingChanged()
  })

  test('two at once: one is done, the other refused', async () => {
    const answers = await Promise.all([
      split({ rangeId: right.id ?? '', splitKey: key('p'), ...ver(right) }),
      split({ rangeId: right.id ?? '', splitKey: key('q'), ...ver(right) }),
    ])
    expect(answers.filter(({ code }) => code === 'Ok')).toHaveLength(1)
    expect(['BadVersion', 'TryLater']).toContain(answers.find(({ code }) => code !== 'Ok')?.code)
    expect(await cluster.ranges()).toHaveLength(3)
  })

  test('Bootstrap of a store that holds an epoch says which; ZombieQuit of a member does nothing', async () => {
    const body = v1.BootstrapRequest.encode({ voters: Object.values(stores) }).finish()
    const reply = v1.BootstrapReply.decode(await unary('Bootstrap', body))
    expect(reply).toMatchObject({ held: true, confirmed: true, rangeId: left.id })
    const other = v1.BootstrapRequest.encode({ rangeId: '7_0', voters: Object.values(stores) }).finish()
    expect(v1.BootstrapReply.decode(await unary('Bootstrap', other))).toMatchObject({ held: false, rangeId: left.id })
    const quit = v1.ZombieQuitRequest.encode({ rangeId: left.id ?? '' }).finish()
    expect(v1.ZombieQuitReply.decode(await unary('ZombieQuit', quit))).toMatchObject({ code: 'Ok', quit: false })
  })
})

describe('on the command line', () => {
  test.each<[readonly string[], number, RegExp]>([
    [['split', '--key', 'm'], 2, /first key/],
    [['split', '--key', 'hex:'], 2, /empty/],
    [['split', '--key', 'a', '--range', '7_7'], 3, /no range 7_7/],
    [['replicas', '--range', 'LEFT', '--voters', ''], 2, /wants voters/],
    [['replicas', '--range', 'LEFT', '--voters', 'n1,n2,n9'], 3, /no store "n9"/],
    [['replicas', '--range', 'LEFT', '--voters', 'n1,n2', '--learners', 'n2'], 2, /twice/],
    [['replicas', '--voters', 'n1'], 2, /there are \d ranges/],
    [['transfer', '--range', 'LEFT', '--to', 'n9'], 3, /no store/],
    [['recover', '--range', 'LEFT', '--store', 'n1'], 2, /--accept-data-loss/],
    [['recover', '--range', 'LEFT', '--store', 'n1', '--accept-data-loss', '--lost', 'n2'], 2, /has a leader/],
  ])('range %j is refused', async (args, exit, reason) => {
    const { code, stderr } = await cluster.run([
      'range',
      ...args.map((arg) => (arg === 'LEFT' ? (left.id ?? '') : arg)),
    ])
    expect(stderr).toMatch(/^error (BAD_REQUEST|NOT_FOUND): /m)
    expect(stderr).toMatch(reason)
    expect(code).toBe(exit)
  })
})

test('while a range moves, other changes of it are refused, and are done afterwards', async () => {
  const id = left.id ?? ''
  const onTwo = ['n1', 'n2', 'n3'].filter((name) => stores[name] !== left.leader)
  const away = onTwo[0] as string
  const stay = ['n1', 'n2', 'n3'].filter((name) => name !== away)
  await cluster.ok(['range', 'replicas', '--range', id, '--voters', stay.join(','), '--timeout', '20s'])
  cluster.signal(away, 'SIGSTOP')
  const moving = cluster.run(['range', 'replicas', '--range', id, '--voters', 'n1,n2,n3', '--timeout', '60s'])
  await until('it has begun', async () => ((await leaderOf(id))?.config?.learners ?? []).length === 1)
  const at = Object.keys(stores).findIndex((name) => name !== away)
  const during = async (method: string, body: Uint8Array) => v1.ManagementReply.decode(await unary(method, body, at))
  const splitBody = v1.SplitRequest.encode({ rangeId: id, splitKey: key('c') }).finish()
  expect(await during('Split', splitBody)).toMatchObject({
    code: 'TryLater',
    message: expect.stringContaining('under way'),
  })
  const stayBody = v1.ChangeReplicaConfigRequest.encode({
    rangeId: id,
    voters: stay.map((name) => stores[name] ?? ''),
  }).finish()
  expect(await during('ChangeReplicaConfig', stayBody)).toMatchObject({ code: 'TryLater' })
  const impatient = await cluster.run(['range', 'split', '--key', 'c', '--timeout', '1s'])
  expect(impatient.code).toBe(69)
  cluster.signal(away, 'SIGCONT')
  expect(await moving).toMatchObject({ code: 0 })
  await cluster.ok(['range', 'split', '--key', 'c'])
}, 120_000)

async function leaderOf(id: string): Promise<v1.RangeDescriptor.$Properties | undefined> {
  const replies = await Promise.allSettled(
    channels.map((channel) =>
      channel.unary('/basekv.v1.BaseKVStore/Describe', new Uint8Array(), { deadlineMs: 1_000 }),
    ),
  )
  return replies
    .flatMap((reply) =>
      reply.status === 'fulfilled' ? (v1.DescribeReply.decode(reply.value).store?.ranges ?? []) : [],
    )
    .find((range) => range.id === id && range.role === 'Leader')
}
