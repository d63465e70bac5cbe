/** The options that every command has which talks to a cluster, and the client made from them. */
import { KvError, limits } from '@base-kv/base'
import type { ClientOptions, KvClient } from '@base-kv/client'
import type { Command } from 'commander'

export interface ClientFlags {
  readonly endpoints?: string
  readonly store?: string
  readonly timeout?: string
  readonly tlsCa?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly output?: string
}

const DEFAULT_ENDPOINTS = '127.0.0.1:7701,127.0.0.1:7702,127.0.0.1:7703'
const DEFAULT_TIMEOUT_MS = 5_000

export function addOutputOption(command: Command): Command {
  return command.option('-o, --output <format>', 'table, json, yaml or raw (default: table on a terminal, else json)')
}

export function addClientOptions(command: Command, { withStore } = { withStore: true }): Command {
  addOutputOption(command).option(
    '--endpoints <list>',
    `host:port,… of some nodes (default: BASE_KV_ENDPOINTS, else ${DEFAULT_ENDPOINTS})`,
  )
  if (withStore) command.option('--store <name>', 'which service’s store', 'kv.store')
  return command
    .option('--timeout <time>', 'how long to try: 5s, 500ms, 2m; a plain number is seconds', '5s')
    .option('--tls-ca <file>', 'PEM certificate of the authority; with it all three are wanted (mutual TLS)')
    .option('--tls-cert <file>', 'PEM certificate of this client')
    .option('--tls-key <file>', 'PEM key of this client')
}

/** "5s", "500ms", "2m", "1h"; a plain number is seconds. @throws KvError BadRequest */
export function parseDuration(text: string | undefined): number {
  if (text === undefined) return DEFAULT_TIMEOUT_MS
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text)
  const unitMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[match?.[2] ?? 's']
  const ms = Math.round(Number(match?.[1]) * (unitMs ?? Number.NaN))
  if (ms >= 1 && ms <= 86_400_000) return ms
  throw new KvError('BadRequest', `"${text}" is no time`, {
    hint: 'write 5s, 500ms or 2m; at least 1ms, at most a day',
  })
}

function endpointsOf(flags: ClientFlags): string[] {
  const text = flags.endpoints ?? (process.env.BASE_KV_ENDPOINTS || DEFAULT_ENDPOINTS)
  const list = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  if (list.length === 0) throw new KvError('BadRequest', 'no endpoint is named', { hint: 'write host:port,host:port' })
  return list
}

export async function clientOptions(flags: ClientFlags): Promise<ClientOptions> {
  const files = { ca: flags.tlsCa, cert: flags.tlsCert, key: flags.tlsKey }
  const named = Object.values(files).filter((file) => file !== undefined).length
  if (named !== 0 && named !== 3) {
    throw new KvError('BadRequest', 'TLS wants three files', { hint: 'give --tls-ca, --tls-cert and --tls-key' })
  }
  const { ca, cert, key } = files
  const tls =
    ca !== undefined && cert !== undefined && key !== undefined
      ? await (await import('@base-kv/rpc')).readTls({ ca, cert, key })
      : undefined
  return {
    endpoints: endpointsOf(flags),
    storeName: flags.store ?? 'kv.store',
    timeoutMs: parseDuration(flags.timeout),
    // How large a value may be is the cluster's to say.
    valueBytesMax: limits.valueBytesCeiling,
    ...(tls ? { tls } : {}),
  }
}

/** Runs `work` with a client that is closed behind it. */
export async function withClient<T>(flags: ClientFlags, work: (client: KvClient) => Promise<T>): Promise<T> {
  const options = await clientOptions(flags)
  const { openClient } = await import('@base-kv/client')
  const client = asBadRequest(() => openClient(options))
  try {
    return await work(client)
  } finally {
    client.close()
  }
}

/** What is wrong with a flag is wrong usage here, not a wrong configuration. */
function asBadRequest<T>(make: () => T): T {
  try {
    return make()
  } catch (thrown) {
    if (thrown instanceof KvError && thrown.code === 'BadConfig') {
      throw new KvError('BadRequest', thrown.message, { ...(thrown.hint ? { hint: thrown.hint } : {}), cause: thrown })
    }
    throw thrown
  }
}
