/**
 * Every key of a node's configuration, as plain data. The file, the environment and the flags are checked against it, and
 * docs/configuration.md is made from it; nothing else knows the keys' ranges or defaults.
 */
import { limits } from '@base-kv/base'

export type KnobType =
  | { readonly kind: 'text'; readonly pattern: RegExp; readonly allowed: string }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'integer'; readonly min: number; readonly max: number }
  /** A number, or a text such as `4 MiB`. */
  | { readonly kind: 'bytes'; readonly min: number; readonly max: number }
  /** `host:port`; the unspecified addresses (0.0.0.0, [::]) only where `unspecified` says so. */
  | { readonly kind: 'address'; readonly unspecified: boolean }
  | { readonly kind: 'addresses' }
  | { readonly kind: 'stores' }
  /** Names, each with a text. */
  | { readonly kind: 'texts' }
  /** Made absolute: from the file's folder, or from the working folder when it comes from elsewhere. */
  | { readonly kind: 'path' }

export type KnobValue = string | number | boolean | readonly string[] | Readonly<Record<string, string>>

export interface Knob {
  /** Dotted path in the file. */
  readonly key: string
  readonly type: KnobType
  /** `null`: none, and it may stay so. */
  readonly default: KnobValue | null
  /** The start is refused without it. */
  readonly required?: true
  /** In place of the default, where it depends on other keys. */
  readonly defaultText?: string
  /** One sentence. */
  readonly about: string
  /** Formula, and what more and less of it cost. */
  readonly tradeOff?: string
  /** Other paths that set the same. */
  readonly aliases?: readonly string[]
  /** Never shown in an error. */
  readonly secret?: boolean
}

/** The stores that this version hosts. */
export const hostedStores: readonly string[] = ['kv.store']
/** Known names whose services do not exist yet. */
export const laterStores: readonly string[] = ['dist.worker', 'inbox.store', 'retain.store']
/** Sections that come with the balancers, or with the services. */
export const laterSections: readonly string[] = [
  'kvStoreConfig.balanceConfig',
  'distWorkerConfig',
  'distServiceConfig',
  'inboxStoreConfig',
  'retainStoreConfig',
]

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/
const NAME_TEXT = 'a name of 1 to 64 letters, digits, ".", "_" and "-", beginning and ending with a letter or digit'
const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

export const schema: readonly Knob[] = [
  {
    key: 'node.name',
    type: { kind: 'text', pattern: NAME, allowed: NAME_TEXT },
    default: null,
    required: true,
    about: 'What this node is called in tables and commands, such as n1. Unique in the cluster.',
  },
  {
    key: 'cluster.name',
    type: { kind: 'text', pattern: NAME, allowed: NAME_TEXT },
    default: 'base-kv',
    about: 'Nodes of another cluster name are refused, and so is a data folder of another cluster.',
  },
  {
    key: 'cluster.seeds',
    aliases: ['cluster.peers'],
    type: { kind: 'addresses' },
    default: [],
    about:
      'Nodes to meet: addresses or names, tried for ever; all others are found through them. The node adds itself when it ' +
      'is missing.',
    tradeOff:
      'Those that begin a cluster list each other as they advertise themselves: the first range gets a voter on each, so ' +
      'an odd number, 3 or 5, is what a majority makes use of. For a node added later one or two of the others are enough.',
  },
  {
    key: 'cluster.secret',
    type: { kind: 'text', pattern: /^[^\0]{1,256}$/s, allowed: 'a text of 1 to 256 characters' },
    default: null,
    secret: true,
    about:
      'Shared by all nodes; seals gossip. To change it start all nodes anew with "old,new", then with "new,old", then with "new".',
  },
  {
    key: 'bootstrap.expect',
    type: { kind: 'integer', min: 0, max: 64 },
    default: 1,
    defaultText: '1 without other seeds; required with them',
    about: 'How many empty nodes form the first range of a new cluster: the same on each of them. 0: only joins one.',
    tradeOff:
      'Too low, and two halves of a cluster that cannot see each other could both begin: so it is never guessed. ' +
      'Without effect once the cluster exists.',
  },
  {
    key: 'stores',
    type: { kind: 'stores' },
    default: hostedStores,
    about: 'The stores that this node hosts.',
  },
  {
    key: 'dataDir',
    type: { kind: 'path' },
    default: null,
    required: true,
    about: "The folder of this node's data; made when it is absent. Never shared by two nodes.",
    tradeOff: 'On a disk whose fsync is real: an acknowledged write is as safe as that.',
  },
  {
    key: 'rpc.bind',
    type: { kind: 'address', unspecified: true },
    default: '127.0.0.1:7701',
    about: 'Where gRPC listens. Anything but loopback wants `tls`, or `insecure: true` on purpose.',
  },
  {
    key: 'rpc.advertise',
    type: { kind: 'address', unspecified: false },
    default: null,
    defaultText: '`rpc.bind`',
    about: 'What peers and clients dial, when it is not the address to listen on; host names are fine.',
  },
  {
    key: 'admin.bind',
    type: { kind: 'address', unspecified: true },
    default: '127.0.0.1:8091',
    about: 'Where the admin HTTP API will listen. Checked and kept; nothing listens there yet.',
  },
  {
    key: 'tls.ca',
    type: { kind: 'path' },
    default: null,
    about: "PEM file of the authority that signed every node's and client's certificate.",
    tradeOff:
      'All three `tls` keys or none. TLS is mutual: who cannot show a certificate of this authority gets nothing.',
  },
  { key: 'tls.cert', type: { kind: 'path' }, default: null, about: "PEM file of this node's certificate." },
  { key: 'tls.key', type: { kind: 'path' }, default: null, about: 'PEM file of its private key.' },
  {
    key: 'insecure',
    type: { kind: 'boolean' },
    default: false,
    about: 'Allows an address that other machines reach without TLS.',
    tradeOff: 'Everybody who reaches the port can then read and write everything.',
  },
  {
    key: 'raft.tickMs',
    type: { kind: 'integer', min: 5, max: 1_000 },
    default: 50,
    about: 'How often a range looks at its clock.',
    tradeOff: 'At most `raft.heartbeatIntervalMs`. Shorter: time-outs are met more exactly; longer: less work at rest.',
  },
  {
    key: 'raft.heartbeatIntervalMs',
    type: { kind: 'integer', min: 10, max: 10_000 },
    default: 100,
    about: 'How often a leader tells its followers that it lives.',
    tradeOff: '2 × heartbeat < election time-out. Shorter: a lost one matters less; longer: fewer messages at rest.',
  },
  {
    key: 'raft.electionTimeoutMs',
    type: { kind: 'integer', min: 50, max: 60_000 },
    default: 500,
    about:
      'The shortest silence after which a follower asks for an election; the real one is random, up to twice this.',
    tradeOff:
      'A dead leader is missed for about 1.3 × this. Shorter: quicker; but a pause of the machine longer than this costs ' +
      'an election, so never below the worst pause of disk and network.',
  },
  {
    key: 'raft.lease',
    type: { kind: 'boolean' },
    default: false,
    about: 'Allows reads with `--consistency lease`: answered by the leader without asking the others.',
    tradeOff:
      'Saves a round trip; trusts that no clock runs 25 % faster than another for an election time-out, and that no ' +
      'machine is suspended and resumed. Linearizable reads do not trust clocks.',
  },
  {
    key: 'storage.flushAgeMs',
    type: { kind: 'integer', min: 1, max: 10_000 },
    default: limits.flushAgeMaxMs,
    about: 'How old applied writes may be before they are flushed from memory to the data files.',
    tradeOff:
      'Nothing can be lost by it: the log holds them. Longer: larger, fewer flushes; and more log to replay at start.',
  },
  {
    key: 'storage.flushBytes',
    type: { kind: 'bytes', min: 64 * KIB, max: limits.flushBytesMax },
    default: limits.flushBytesSoft,
    about: 'How many bytes of applied writes begin a flush before its time.',
    tradeOff: 'More: fewer flushes under load; memory of up to twice this for each store.',
  },
  {
    key: 'storage.diskFreeBytesMin',
    type: { kind: 'bytes', min: 0, max: 1024 * GIB },
    default: limits.diskFreeBytesMin,
    about: 'Below this much free disk (or 5 % of it, if that is more) writes are refused with NoSpace; reads go on.',
    tradeOff: 'Too low, and a disk that fills up stops the process instead of refusing writes.',
  },
  {
    key: 'storage.ballastBytes',
    type: { kind: 'bytes', min: 0, max: GIB },
    default: 64 * MIB,
    about: 'A file that only takes up room: delete it by hand on a full disk, so that the node can start and clean up.',
    tradeOff: '0: none.',
  },
  {
    key: 'storage.logCacheBytes',
    type: { kind: 'bytes', min: 0, max: GIB },
    default: 16 * MIB,
    about: 'Log entries kept in memory for followers that are a little behind.',
    tradeOff: 'More: fewer reads from disk while a follower catches up; that much more memory.',
  },
  {
    key: 'kvStoreConfig.attributes',
    type: { kind: 'texts' },
    default: {},
    about: 'What is said of this node in the landscape, such as `zone: west`. In the environment `zone=west,rack=7`.',
  },
  {
    key: 'limits.valueBytesMax',
    type: { kind: 'bytes', min: 1, max: limits.valueBytesCeiling },
    default: limits.valueBytesMax,
    about: 'The largest value that is accepted. The same on every node.',
    tradeOff:
      'Not above 3 MiB: ordinary gRPC clients refuse replies over 4 MiB. Large values make every other call wait longer.',
  },
  {
    key: 'log.level',
    type: { kind: 'choice', of: ['debug', 'info', 'warn', 'error', 'silent'] },
    default: 'info',
    about: 'From which severity on log lines are written, one JSON object a line, to standard output.',
  },
]

/** In words, for errors and docs. */
export function allowedText(type: KnobType): string {
  switch (type.kind) {
    case 'text':
      return type.allowed
    case 'choice':
      return type.of.join(', ')
    case 'boolean':
      return 'true or false'
    case 'integer':
      return `an integer from ${type.min} to ${type.max}`
    case 'bytes':
      return `bytes from ${bytesText(type.min)} to ${bytesText(type.max)}, such as 65536 or "4 MiB"`
    case 'address':
      return 'host:port, or "[ipv6]:port", with a port from 1 to 65535'
    case 'addresses':
      return 'a list of host:port, each once'
    case 'texts':
      return 'up to 32 names, each with a text of up to 256 characters'
    case 'stores':
      return `a list with ${hostedStores.join(', ')}`
    case 'path':
      return 'a path'
  }
}

export function defaultText(knob: Knob): string {
  if (knob.defaultText !== undefined) return knob.defaultText
  if (knob.required) return 'required'
  if (knob.default === null) return 'none'
  if (typeof knob.default === 'number' && knob.type.kind === 'bytes') return bytesText(knob.default)
  if (Array.isArray(knob.default)) return `[${knob.default.join(', ')}]`
  return typeof knob.default === 'object' ? JSON.stringify(knob.default) : String(knob.default)
}

/** `4 MiB` where it is a whole number of a unit, else the plain number. */
function bytesText(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', GIB],
    ['MiB', MIB],
    ['KiB', KIB],
  ] as const) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size} ${unit}`
  }
  return String(bytes)
}
