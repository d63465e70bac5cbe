/** put, get, del, scan, cas. */
import { readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { KvError, toKvError } from '@base-kv/base'
import type { Consistency, KeyValue, ScanRange } from '@base-kv/client'
import { type ClientFlags, withClient } from '../client-options.ts'
import { parseBytes, showBytes } from '../output/bytes-text.ts'
import { parseFormat, print } from '../output/print.ts'
import { table } from '../output/table.ts'

export interface ReadFlags extends ClientFlags {
  readonly consistency?: string
}

export interface ScanFlags extends ReadFlags {
  readonly start?: string
  readonly end?: string
  readonly prefix?: string
  readonly limit?: string
  readonly keysOnly?: boolean
}

export interface CasFlags extends ClientFlags {
  readonly expect?: string
  readonly absent?: boolean
  readonly value: string
}

export async function put(
  key: string,
  value: string | undefined,
  flags: ClientFlags & { readonly file?: string },
): Promise<void> {
  const format = parseFormat(flags.output)
  if ((value === undefined) === (flags.file === undefined)) {
    throw new KvError('BadRequest', 'put wants one value', { hint: 'give it as the second argument, or with --file' })
  }
  const keyBytes = parseBytes(key)
  const valueBytes = value === undefined ? await readValue(flags.file ?? '-') : parseBytes(value)
  await withClient(flags, (client) => client.put(keyBytes, valueBytes))
  await print(format, done)
}

export async function del(key: string, flags: ClientFlags): Promise<void> {
  const format = parseFormat(flags.output)
  const keyBytes = parseBytes(key)
  await withClient(flags, (client) => client.delete(keyBytes))
  await print(format, done)
}

/** @throws KvError BadRequest */
async function readValue(path: string): Promise<Uint8Array> {
  try {
    return path === '-' ? await buffer(process.stdin) : readFileSync(path)
  } catch (cause) {
    throw new KvError('BadRequest', `cannot read "${path}": ${(cause as Error).message}`, {
      hint: 'name a readable file, or - for standard input',
      cause,
    })
  }
}

const done = { json: { ok: true }, table: () => 'OK\n', raw: () => '' }

export async function get(key: string, flags: ReadFlags): Promise<void> {
  // Alone among the commands it prints the bare value unless a format is wanted.
  const format = flags.output === undefined ? 'raw' : parseFormat(flags.output)
  const consistency = parseConsistency(flags.consistency)
  const keyBytes = parseBytes(key)
  const value = await withClient(flags, (client) => reading(() => client.get(keyBytes, { consistency })))
  if (value === undefined) {
    throw new KvError('NotFound', `key "${showBytes(keyBytes)}" is absent`, {
      hint: '`base-kv scan --keys-only` shows the keys',
    })
  }
  await print(format, {
    json: { key: showBytes(keyBytes), value: showBytes(value) },
    table: () => table(['KEY', 'VALUE'], [[showBytes(keyBytes), showBytes(value)]]),
    raw: () => Buffer.concat([value, Buffer.from('\n')]),
  })
}

export async function scan(flags: ScanFlags): Promise<void> {
  const format = parseFormat(flags.output)
  const consistency = parseConsistency(flags.consistency)
  const keysOnly = flags.keysOnly ?? false
  const range: ScanRange = {
    keysOnly,
    ...(flags.start === undefined ? {} : { start: parseBytes(flags.start) }),
    ...(flags.end === undefined ? {} : { end: parseBytes(flags.end) }),
    ...(flags.prefix === undefined ? {} : { prefix: parseBytes(flags.prefix) }),
    ...(flags.limit === undefined ? {} : { limit: parseLimit(flags.limit) }),
  }
  const show = ({ key, value }: KeyValue) => ({ key: showBytes(key), ...(keysOnly ? {} : { value: showBytes(value) }) })
  await withClient(flags, (client) =>
    reading(async () => {
      const pages = client.scanPages(range, { consistency })
      // Programs get each page as it comes, however many there are; people a table that fits its widest cell.
      if (format === 'raw') return write(pages, (page) => rawLines(page, keysOnly))
      if (format === 'json') return writeJsonList(pages, show)
      const items: KeyValue[] = []
      for await (const page of pages) items.push(...page)
      return print(format, {
        json: items.map(show),
        table: () =>
          keysOnly
            ? table(
                ['KEY'],
                items.map(({ key }) => [showBytes(key)]),
              )
            : table(
                ['KEY', 'VALUE'],
                items.map(({ key, value }) => [showBytes(key), showBytes(value)]),
              ),
        raw: () => '',
      })
    }),
  )
}

/** A list as `JSON.stringify(…, null, 2)` would write it. */
async function writeJsonList(pages: AsyncIterable<KeyValue[]>, show: (item: KeyValue) => unknown): Promise<void> {
  let before = '[\n'
  await write(pages, (page) => {
    const text = page.map((item) => JSON.stringify(show(item), null, 2).replaceAll(/^/gm, '  ')).join(',\n')
    const whole = before + text
    before = ',\n'
    return whole
  })
  process.stdout.write(before === '[\n' ? '[]\n' : '\n]\n')
}

function rawLines(page: readonly KeyValue[], keysOnly: boolean): Buffer {
  const newline = Buffer.from('\n')
  const tab = Buffer.from('\t')
  return Buffer.concat(page.flatMap(({ key, value }) => (keysOnly ? [key, newline] : [key, tab, value, newline])))
}

/** Waits for a slow reader of our output before it asks for more. */
async function write(
  pages: AsyncIterable<KeyValue[]>,
  encode: (page: readonly KeyValue[]) => string | Uint8Array,
): Promise<void> {
  for await (const page of pages) {
    await new Promise<void>((resolve, reject) =>
      process.stdout.write(encode(page), (error) => (error ? reject(error) : resolve())),
    )
  }
}

/** Exit code 3 when it did not match: the answer is no. */
export async function cas(key: string, flags: CasFlags): Promise<number> {
  const format = parseFormat(flags.output)
  if ((flags.expect === undefined) === (flags.absent !== true)) {
    throw new KvError('BadRequest', 'say what the key must hold', { hint: 'give either --expect VALUE or --absent' })
  }
  const keyBytes = parseBytes(key)
  const expect = flags.expect === undefined ? null : parseBytes(flags.expect)
  const value = parseBytes(flags.value)
  const result = await withClient(flags, (client) => client.compareAndSet(keyBytes, { expect, value }))
  const current = result.succeeded || result.current === undefined ? null : showBytes(result.current)
  await print(format, {
    json: result.succeeded ? { succeeded: true } : { succeeded: false, current },
    table: () => (result.succeeded ? 'OK\n' : ''),
    raw: () => '',
  })
  if (result.succeeded) return 0
  const held = current === null ? 'the key is absent' : `the key holds "${current}"`
  process.stderr.write(`error NOT_MATCHED: nothing was written, ${held}; read it and decide again\n`)
  return 3
}

/** A read without an answer has no unknown outcome: there was simply nobody to answer it. */
async function reading<T>(answer: () => Promise<T>): Promise<T> {
  try {
    return await answer()
  } catch (thrown) {
    const error = toKvError(thrown)
    if (error.code !== 'DeadlineExceeded' && error.code !== 'OutcomeUnknown') throw error
    throw new KvError('TryLater', error.message, { hint: 'see `base-kv status`, then read again', cause: error })
  }
}

function parseConsistency(text: string | undefined): Consistency {
  if (text === undefined || text === 'linearizable' || text === 'lease' || text === 'stale')
    return text ?? 'linearizable'
  throw new KvError('BadRequest', `"${text}" is no consistency`, { hint: 'choose linearizable, lease or stale' })
}

function parseLimit(text: string): number {
  const limit = Number(text)
  if (/^\d+$/.test(text) && limit >= 1 && limit <= 0xffff_ffff) return limit
  throw new KvError('BadRequest', `--limit ${text} is no number of keys`, { hint: 'write a whole number from 1' })
}
