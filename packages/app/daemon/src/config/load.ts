/**
 * A node's configuration from all its sources. A flag wins over the environment, the environment over the file, the file
 * over the default. Every value is checked wherever it comes from, also one that another source then hides.
 */
import { dirname, resolve } from 'node:path'
import { nearest } from '@base-kv/base'
import { checkValue } from './check-value.ts'
import { readConfigFile } from './config-file.ts'
import { environmentName, readEnvironment } from './environment.ts'
import type { NodeConfig } from './node-config.ts'
import { configError, type Given, type Origin } from './origin.ts'
import { checkRelations, checkTls } from './relations.ts'
import { type Knob, type KnobValue, schema } from './schema.ts'

export interface LoadOptions {
  readonly file?: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** Values by dotted key, such as `{'rpc.bind': '127.0.0.1:7701'}`: what flags say. An undefined one is no value. */
  readonly overrides?: Readonly<Record<string, unknown>>
}

interface Setting {
  readonly value: KnobValue | null
  readonly origin: Origin
}

const DEFAULT: Origin = { kind: 'default' }

/** @throws KvError BadConfig that says where, which key, what was given, what is allowed */
export function loadNodeConfig(options: LoadOptions): NodeConfig {
  const settings = new Map<string, Setting>()
  const fileFolder = options.file === undefined ? '.' : dirname(resolve(options.file))
  const take = (source: readonly Given[], folder: string) => {
    for (const given of source) {
      settings.set(given.key, { value: checkValue(knobOf(given.key), given, folder), origin: given.origin })
    }
  }
  if (options.file !== undefined) take(readConfigFile(options.file, schema), fileFolder)
  take(readEnvironment(options.env, schema), '.')
  take(flags(options.overrides ?? {}), '.')
  for (const knob of schema) {
    if (settings.has(knob.key)) continue
    if (knob.required) throw missing(knob, options.file)
    settings.set(knob.key, { value: knob.default, origin: DEFAULT })
  }

  const origin = (key: string): Origin => settings.get(key)?.origin ?? DEFAULT
  const config = assemble(settings, origin)
  checkRelations(config, origin, origin('bootstrap.expect').kind !== 'default')
  return deepFreeze(config)
}

function flags(overrides: Readonly<Record<string, unknown>>): readonly Given[] {
  return Object.entries(overrides).flatMap(([key, value]) => {
    if (value === undefined) return []
    const knob = schema.find((each) => each.key === key || each.aliases?.includes(key))
    if (knob) return [{ key: knob.key, value, origin: { kind: 'flag' } as const }]
    const meant = nearest(
      key,
      schema.map((each) => each.key),
    )
    throw configError(
      { kind: 'flag' },
      `unknown key "${key}"`,
      meant ? `did you mean "${meant}"?` : 'see docs/configuration.md',
    )
  })
}

function knobOf(key: string): Knob {
  const knob = schema.find((each) => each.key === key)
  if (!knob) throw new TypeError(`no such key: ${key}`)
  return knob
}

function missing(knob: Knob, file: string | undefined) {
  const where: Origin = file === undefined ? DEFAULT : { kind: 'file', file, line: 1, column: 1 }
  return configError(
    where,
    `${knob.key} is missing`,
    `set it in the file, or ${environmentName(knob.key)} in the environment`,
  )
}

function assemble(settings: ReadonlyMap<string, Setting>, origin: (key: string) => Origin): NodeConfig {
  // The type of each value was checked against the schema; that schema and NodeConfig agree is tested.
  const get = <T>(key: string): T => settings.get(key)?.value as T
  const advertise = get<string | null>('rpc.advertise')
  const self = advertise ?? get<string>('rpc.bind')
  const seeds = get<readonly string[]>('cluster.seeds')
  const paths = (['ca', 'cert', 'key'] as const).map((name) => [name, get<string | null>(`tls.${name}`)])
  return {
    node: { name: get('node.name') },
    cluster: {
      name: get('cluster.name'),
      seeds: seeds.length === 0 || seeds.includes(self) ? seeds : [...seeds, self],
      secret: get('cluster.secret'),
    },
    bootstrap: { expect: get('bootstrap.expect') },
    stores: get('stores'),
    dataDir: get('dataDir'),
    rpc: { bind: get('rpc.bind'), advertise },
    admin: { bind: get('admin.bind') },
    tls: checkTls(Object.fromEntries(paths), origin),
    insecure: get('insecure'),
    raft: {
      tickMs: get('raft.tickMs'),
      electionTimeoutMs: get('raft.electionTimeoutMs'),
      heartbeatIntervalMs: get('raft.heartbeatIntervalMs'),
      lease: get('raft.lease'),
    },
    storage: {
      flushAgeMs: get('storage.flushAgeMs'),
      flushBytes: get('storage.flushBytes'),
      diskFreeBytesMin: get('storage.diskFreeBytesMin'),
      ballastBytes: get('storage.ballastBytes'),
      logCacheBytes: get('storage.logCacheBytes'),
    },
    kvStoreConfig: { attributes: get('kvStoreConfig.attributes') },
    limits: { valueBytesMax: get('limits.valueBytesMax') },
    log: { level: get('log.level') },
  }
}

function deepFreeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) if (typeof child === 'object' && child !== null) deepFreeze(child)
  return Object.freeze(value)
}
