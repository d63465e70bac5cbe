/** What must hold between keys. Each refusal points at the key that can be changed to mend it. */
import { accessSync, constants, statSync } from 'node:fs'
import { isUnspecified } from './check-value.ts'
import type { NodeConfig, TlsPaths } from './node-config.ts'
import { configError, type Origin } from './origin.ts'

/** `origin` tells where a key was set. @throws KvError BadConfig */
export function checkRelations(config: NodeConfig, origin: (key: string) => Origin, expectGiven: boolean): void {
  checkTimes(config, origin)
  checkAddresses(config, origin)
  checkBootstrap(config, origin, expectGiven)
}

function checkTimes({ raft }: NodeConfig, origin: (key: string) => Origin): void {
  if (raft.tickMs > raft.heartbeatIntervalMs) {
    throw configError(
      firstGiven(origin, 'raft.tickMs', 'raft.heartbeatIntervalMs'),
      `raft.tickMs is ${raft.tickMs}, longer than raft.heartbeatIntervalMs, ${raft.heartbeatIntervalMs}`,
      'shorten the tick or lengthen the heartbeat',
    )
  }
  if (2 * raft.heartbeatIntervalMs >= raft.electionTimeoutMs) {
    throw configError(
      firstGiven(origin, 'raft.electionTimeoutMs', 'raft.heartbeatIntervalMs'),
      `raft.electionTimeoutMs is ${raft.electionTimeoutMs}, not longer than 2 × raft.heartbeatIntervalMs, ${2 * raft.heartbeatIntervalMs}`,
      'lengthen the election time-out or shorten the heartbeat: one lost heartbeat must not cost an election',
    )
  }
}

function checkAddresses(config: NodeConfig, origin: (key: string) => Origin): void {
  const { rpc, admin } = config
  if (rpc.bind === admin.bind) {
    throw configError(
      firstGiven(origin, 'admin.bind', 'rpc.bind'),
      `admin.bind and rpc.bind are both ${rpc.bind}`,
      'give one of them another port',
    )
  }
  if (!config.tls && !config.insecure) {
    for (const [key, bind] of [
      ['rpc.bind', rpc.bind],
      ['admin.bind', admin.bind],
    ] as const) {
      if (isLoopback(bind)) continue
      throw configError(
        origin(key),
        `${key} is "${bind}", which other machines reach, and there is no TLS`,
        'set tls.ca, tls.cert and tls.key, or "insecure: true" (BASE_KV_INSECURE=true) on purpose',
      )
    }
  }
  if (rpc.advertise === null && isUnspecified(rpc.bind)) {
    throw configError(
      origin('rpc.bind'),
      `rpc.bind is "${rpc.bind}", which nobody can dial, and rpc.advertise is not set`,
      'set rpc.advertise to the name or address, with the port, that the other nodes reach',
    )
  }
}

function checkBootstrap(config: NodeConfig, origin: (key: string) => Origin, expectGiven: boolean): void {
  const { seeds } = config.cluster
  const { expect } = config.bootstrap
  if (seeds.length > 1 && !expectGiven) {
    throw configError(
      origin('cluster.seeds'),
      `bootstrap.expect is missing: with cluster.seeds it is never guessed`,
      `set bootstrap.expect to the number of nodes that begin the cluster, such as ${seeds.length}; the same on each of them`,
    )
  }
  const known = Math.max(seeds.length, 1)
  if (expect > known) {
    throw configError(
      origin('bootstrap.expect'),
      `bootstrap.expect is ${expect}, but cluster.seeds, with this node, names ${known}`,
      `list all ${expect} nodes in cluster.seeds, or lower bootstrap.expect`,
    )
  }
}

/** All three or none, each a readable file. @throws KvError BadConfig */
export function checkTls(
  paths: { readonly [Name in keyof TlsPaths]: string | null },
  origin: (key: string) => Origin,
): TlsPaths | null {
  const { ca, cert, key } = paths
  if (ca === null && cert === null && key === null) return null
  if (ca === null || cert === null || key === null) {
    const names = ['ca', 'cert', 'key'] as const
    const missing = names.filter((name) => paths[name] === null).map((name) => `tls.${name}`)
    const present = names.filter((name) => paths[name] !== null).map((name) => `tls.${name}`)
    throw configError(
      origin(present[0] as string),
      `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing: tls wants ca, cert and key together`,
      `set ${missing.join(' and ')}, or leave out ${present.join(' and ')}`,
    )
  }
  for (const [name, path] of Object.entries({ ca, cert, key })) {
    const fault = fileFault(path)
    if (fault)
      throw configError(origin(`tls.${name}`), `tls.${name} is "${path}": ${fault}`, 'name a readable PEM file')
  }
  return { ca, cert, key }
}

function fileFault(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK)
    return statSync(path).isFile() ? undefined : 'not a file'
  } catch (thrown) {
    const { code } = thrown as { code?: string }
    return code === 'ENOENT' ? 'no such file' : code === 'EACCES' ? 'permission denied' : `cannot be read (${code})`
  }
}

/** Whether only this machine reaches it. A name other than localhost counts as reachable by others. */
function isLoopback(address: string): boolean {
  const host = address.slice(0, address.lastIndexOf(':'))
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** The first of the keys that somebody set. */
function firstGiven(origin: (key: string) => Origin, ...keys: readonly string[]): Origin {
  const origins = keys.map(origin)
  return origins.find(({ kind }) => kind !== 'default') ?? { kind: 'default' }
}
