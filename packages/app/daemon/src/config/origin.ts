/** Where a value stands, so that an error can point at it. */
import { KvError } from '@base-kv/base'

export type Origin =
  | { readonly kind: 'file'; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'flag' }
  | { readonly kind: 'default' }

/** One value as it was given, before it is checked. */
export interface Given {
  readonly key: string
  readonly value: unknown
  readonly origin: Origin
}

function originText(origin: Origin): string {
  switch (origin.kind) {
    case 'file':
      return `${origin.file}:${origin.line}:${origin.column}: `
    case 'environment':
      return `environment ${origin.name}: `
    case 'flag':
      return 'command line: '
    case 'default':
      return ''
  }
}

/** The one shape of every configuration error: where, what; and as hint what to do. */
export function configError(origin: Origin, message: string, hint: string): KvError {
  return new KvError('BadConfig', originText(origin) + message, { hint })
}

/** A given value in an error: short, on one line, nothing of it when it is a secret. */
export function givenText(value: unknown, secret = false): string {
  if (secret) return 'not shown here'
  if (value === null || value === undefined) return 'empty'
  const text = JSON.stringify(value) ?? `a ${typeof value}`
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
