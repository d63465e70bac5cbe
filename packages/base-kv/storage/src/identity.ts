/** Who a data folder belongs to: the identity file. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { KvError, storeId, type Clock } from '@base-kv/base'
import { newerFormat } from './byte-codec.ts'
import { readIfThere, writeDurably } from './durable-file.ts'
import type { StoreIdentity } from './ports.ts'

export const FORMAT_VERSION = 1
const FILE = 'identity.json'

export function newIdentity(cluster: string, clock: Clock): StoreIdentity {
  const created = new Date(clock.wallMs()).toISOString()
  return { store: storeId(randomUUID()), cluster, formatVersion: FORMAT_VERSION, created }
}

/** @returns undefined for a new folder. @throws KvError BadConfig (another cluster, newer format), Corrupt */
export async function readIdentity(directory: string, cluster: string): Promise<StoreIdentity | undefined> {
  const text = await readIfThere(join(directory, FILE))
  if (text === undefined) return undefined
  const identity = parseIdentity(join(directory, FILE), text)
  if (identity.formatVersion > FORMAT_VERSION) {
    throw newerFormat(`data folder ${directory}`, identity.formatVersion, FORMAT_VERSION)
  }
  if (identity.cluster !== cluster) {
    throw new KvError(
      'BadConfig',
      `data folder ${directory} belongs to cluster "${identity.cluster}", not "${cluster}"`,
      {
        hint: 'correct cluster.name, or use another data folder',
      },
    )
  }
  return identity
}

export function writeIdentity(directory: string, identity: StoreIdentity): Promise<void> {
  return writeDurably(join(directory, FILE), `${JSON.stringify(identity, null, 2)}\n`)
}

function parseIdentity(path: string, text: string): StoreIdentity {
  try {
    const { store, cluster, formatVersion, created } = JSON.parse(text) as Record<string, unknown>
    if (typeof cluster === 'string' && typeof created === 'string' && Number.isSafeInteger(formatVersion)) {
      return { store: storeId(String(store)), cluster, formatVersion: formatVersion as number, created }
    }
  } catch {
    // Falls through: not JSON, or no store id.
  }
  throw new KvError('Corrupt', `${path} is not readable as a store identity`, {
    hint: 'the folder is damaged: move it away, the node then joins as a new store',
  })
}
