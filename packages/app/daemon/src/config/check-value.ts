/** One given value against its knob: what it becomes, or why it is refused. */
import { resolve } from 'node:path'
import { configError, type Given, givenText } from './origin.ts'
import { allowedText, defaultText, hostedStores, type Knob, type KnobValue, laterStores } from './schema.ts'

const UNITS: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }
const BYTES = /^(\d{1,15})\s*(B|KiB|MiB|GiB)$/
const ADDRESS = /^(?:\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?):(\d{1,5})$/

const ATTRIBUTE = /^[A-Za-z][A-Za-z0-9._/-]{0,63}$/
const ATTRIBUTE_TEXT_MAX = 256
const ATTRIBUTES_MAX = 32

/** `folder` is where relative paths begin. @throws KvError BadConfig */
export function checkValue(knob: Knob, given: Given, folder: string): KnobValue {
  const refuse = (hint?: string) =>
    configError(
      given.origin,
      `${knob.key} is ${givenText(given.value, knob.secret)}; allowed: ${allowedText(knob.type)}`,
      hint ?? (knob.required ? 'set it' : `or leave it out: the default is ${defaultText(knob)}`),
    )
  const { type } = knob
  const { value } = given
  switch (type.kind) {
    case 'text':
      if (typeof value !== 'string') throw refuse(typeof value === 'number' ? 'put it in quotes' : undefined)
      if (!type.pattern.test(value)) throw refuse()
      return value
    case 'choice':
      if (typeof value !== 'string' || !type.of.includes(value)) throw refuse()
      return value
    case 'boolean':
      if (typeof value !== 'boolean') throw refuse()
      return value
    case 'integer':
      if (!isIntegerIn(value, type)) throw refuse()
      return value
    case 'bytes': {
      const bytes = typeof value === 'string' ? parseBytes(value) : value
      if (!isIntegerIn(bytes, type)) throw refuse()
      return bytes
    }
    case 'address':
      if (typeof value !== 'string' || !isAddress(value)) throw refuse()
      if (!type.unspecified && isUnspecified(value)) {
        throw configError(
          given.origin,
          `${knob.key} is ${givenText(value)}, which nobody can dial`,
          `set it to a name or address of this machine that the other nodes reach`,
        )
      }
      return value
    case 'addresses': {
      if (!isTextList(value) || !value.every(isAddress)) throw refuse()
      const wild = value.find(isUnspecified)
      if (wild !== undefined) throw refuse(`${wild} cannot be dialled: list what the node advertises`)
      if (new Set(value).size < value.length) throw refuse('remove the repetition')
      return Object.freeze([...value])
    }
    case 'stores': {
      if (!isTextList(value) || value.length === 0) throw refuse()
      const later = value.find((name) => laterStores.includes(name))
      if (later !== undefined) {
        throw configError(
          given.origin,
          `stores names "${later}", whose service this version does not have yet`,
          `leave it out; hosted by this version: ${hostedStores.join(', ')}`,
        )
      }
      if (!value.every((name) => hostedStores.includes(name)) || new Set(value).size < value.length) throw refuse()
      return Object.freeze([...value])
    }
    case 'texts':
      if (!isTexts(value)) throw refuse()
      return Object.freeze({ ...value })
    case 'path':
      if (typeof value !== 'string' || value === '' || value.includes('\0')) throw refuse()
      return resolve(folder, value)
  }
}

function isIntegerIn(value: unknown, range: { readonly min: number; readonly max: number }): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= range.min && value <= range.max
}

function parseBytes(text: string): number {
  const match = BYTES.exec(text.trim())
  return match ? Number(match[1]) * (UNITS[match[2] as string] as number) : Number.NaN
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function isTexts(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const pairs = Object.entries(value)
  const fits = ([name, text]: [string, unknown]) =>
    ATTRIBUTE.test(name) && typeof text === 'string' && text.length <= ATTRIBUTE_TEXT_MAX
  return pairs.length <= ATTRIBUTES_MAX && pairs.every(fits)
}

function isAddress(text: string): boolean {
  const port = Number(ADDRESS.exec(text)?.[1] ?? Number.NaN)
  return port >= 1 && port <= 65_535
}

/** An address that means "every one of this machine's". */
export function isUnspecified(address: string): boolean {
  const host = address.slice(0, address.lastIndexOf(':'))
  return host === '0.0.0.0' || /^\[[0:]+\]$/.test(host)
}
