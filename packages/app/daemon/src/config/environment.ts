/** The environment as a source: BASE_KV_ and the path in capitals, BASE_KV_RPC_BIND for rpc.bind. */
import { nearest } from '@base-kv/base'
import { configError, type Given, type Origin } from './origin.ts'
import type { Knob } from './schema.ts'

const PREFIX = 'BASE_KV_'
/** The CLI's own, and the one for tests. */
const OTHERS: ReadonlySet<string> = new Set(['BASE_KV_DATA', 'BASE_KV_ENDPOINTS', 'BASE_KV_KILL_POINT'])

/** `storage.flushAgeMs` is BASE_KV_STORAGE_FLUSH_AGE_MS. */
export function environmentName(key: string): string {
  return (
    PREFIX +
    key
      .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
      .replaceAll('.', '_')
      .toUpperCase()
  )
}

/** Also without the underscores between the words of one name: BASE_KV_DATADIR is BASE_KV_DATA_DIR. */
function spellings(key: string): ReadonlySet<string> {
  return new Set([environmentName(key), PREFIX + key.replaceAll('.', '_').toUpperCase()])
}

/**
 * A variable that is almost a key's name is refused as mistyped. Others are left alone: the CLI has some (BASE_KV_ENDPOINTS),
 * and container platforms make some from service names (BASE_KV_SERVICE_HOST).
 */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  knobs: readonly Knob[],
): readonly Given[] {
  refuseMistyped(env, knobs)
  return knobs.flatMap((knob) => {
    const found: { value: string; origin: Origin & { kind: 'environment' } }[] = []
    for (const key of [knob.key, ...(knob.aliases ?? [])]) {
      for (const name of spellings(key)) {
        const value = env[name]
        if (value !== undefined && value !== '') found.push({ value, origin: { kind: 'environment', name } })
      }
    }
    const [first, second] = found
    if (!first) return []
    if (second && second.value !== first.value) {
      throw configError(
        second.origin,
        `${knob.key} is set twice, here and as ${first.origin.name}`,
        `keep ${environmentName(knob.key)} only`,
      )
    }
    return [{ key: knob.key, value: fromText(knob, first.value), origin: first.origin }]
  })
}

function refuseMistyped(env: Readonly<Record<string, string | undefined>>, knobs: readonly Knob[]): void {
  const known = new Set(
    knobs.flatMap((knob) => [knob.key, ...(knob.aliases ?? [])].flatMap((key) => [...spellings(key)])),
  )
  for (const name of Object.keys(env)) {
    if (!name.startsWith(PREFIX) || known.has(name) || OTHERS.has(name)) continue
    const meant = nearest(name, known, 2)
    if (meant) throw configError({ kind: 'environment', name }, 'no key has this name', `did you mean ${meant}?`)
  }
}

/** A variable is text: what stands for a number, a yes or no, or a list becomes it; anything else is refused later. */
function fromText(knob: Knob, text: string): unknown {
  switch (knob.type.kind) {
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'integer':
    case 'bytes':
      return /^\d{1,15}$/.test(text) ? Number(text) : text
    case 'addresses':
    case 'stores':
      return text.split(',').map((part) => part.trim())
    case 'texts':
      return Object.fromEntries(text.split(',').map((pair) => nameAndText(pair.trim())))
    default:
      return text
  }
}

function nameAndText(pair: string): [string, string] {
  const at = pair.indexOf('=')
  return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)]
}
