import { KvError } from '@base-kv/base'

const formats = ['table', 'json', 'yaml', 'raw'] as const
export type Format = (typeof formats)[number]

/** The same answer in the four forms; `raw` is bytes for programs. */
export interface Answer {
  readonly json: unknown
  table(): string
  raw(): string | Uint8Array
}

/** @throws KvError BadRequest */
export function parseFormat(text: string | undefined): Format {
  if (text === undefined) return process.stdout.isTTY ? 'table' : 'json'
  const format = formats.find((one) => one === text)
  if (format) return format
  throw new KvError('BadRequest', `"${text}" is no output format`, { hint: `choose one of ${formats.join(', ')}` })
}

/** Writes to standard output. */
export async function print(format: Format, answer: Answer): Promise<void> {
  switch (format) {
    case 'table':
      process.stdout.write(answer.table())
      return
    case 'json':
      process.stdout.write(JSON.stringify(answer.json, null, 2) + '\n')
      return
    case 'yaml': {
      const { stringify } = await import('yaml')
      process.stdout.write(stringify(answer.json))
      return
    }
    case 'raw':
      process.stdout.write(answer.raw())
  }
}
