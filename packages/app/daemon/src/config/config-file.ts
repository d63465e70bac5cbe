/**
 * A configuration file as a list of given values, each with its line and column. Only shape is checked here: YAML that can
 * be read, known keys, each once. What the values may be is the schema's.
 */
import { readFileSync, statSync } from 'node:fs'
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from 'yaml'
import type { Document } from 'yaml'
import { KvError, nearest } from '@base-kv/base'
import { configError, type Given, givenText, type Origin } from './origin.ts'
import { type Knob, laterSections } from './schema.ts'

const FILE_BYTES_MAX = 1024 * 1024

/** @throws KvError BadConfig */
export function readConfigFile(file: string, knobs: readonly Knob[]): readonly Given[] {
  return parseConfig(file, readText(file), knobs)
}

function readText(file: string): string {
  try {
    const bytes = statSync(file).size
    if (bytes > FILE_BYTES_MAX) throw new Error(`it has ${bytes} bytes, a configuration has at most ${FILE_BYTES_MAX}`)
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file))
  } catch (cause) {
    throw new KvError('BadConfig', `${file}: cannot be read: ${reason(cause)}`, {
      hint: 'name a readable YAML file in UTF-8; docs/configuration.md prints a minimal one',
      cause,
    })
  }
}

function reason(thrown: unknown): string {
  const { code, message } = thrown as { code?: string; message?: string }
  if (code === 'ENOENT') return 'no such file'
  if (code === 'EACCES') return 'permission denied'
  if (code === 'EISDIR') return 'it is a folder'
  if (code === 'ERR_ENCODING_INVALID_ENCODED_DATA') return 'it is not UTF-8 text'
  return message ?? String(thrown)
}

function parseConfig(file: string, text: string, knobs: readonly Knob[]): readonly Given[] {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number): Origin => {
    const { line, col } = lines.linePos(offset)
    return { kind: 'file', file, line, column: col }
  }
  const [broken] = [...document.errors, ...document.warnings]
  if (broken) {
    if (broken.code === 'DUPLICATE_KEY') {
      const key = /^[\w.-]+/.exec(text.slice(broken.pos[0]))?.[0] ?? ''
      throw configError(at(broken.pos[0]), `the key "${key}" stands here a second time`, 'keep one of the two')
    }
    throw configError(at(broken.pos[0]), `this is not valid YAML: ${broken.message}`, 'mend the file at this place')
  }
  return new Walk(knobs, document, at).run()
}

class Walk {
  readonly #document: Document.Parsed
  readonly #at: (offset: number) => Origin
  readonly #leaves = new Map<string, Knob>()
  readonly #sections = new Map<string, string[]>()
  readonly #given = new Map<string, Given & { readonly spelled: string }>()

  constructor(knobs: readonly Knob[], document: Document.Parsed, at: (offset: number) => Origin) {
    this.#document = document
    this.#at = at
    for (const knob of knobs) {
      for (const key of [knob.key, ...(knob.aliases ?? [])]) {
        this.#leaves.set(key, knob)
        const dot = key.lastIndexOf('.')
        if (dot < 0) continue
        const section = key.slice(0, dot)
        this.#sections.set(section, [...(this.#sections.get(section) ?? []), key.slice(dot + 1)])
      }
    }
  }

  run(): readonly Given[] {
    const root = this.#document.contents
    if (root !== null && !(isScalar(root) && root.value === null)) this.#section('', root)
    return [...this.#given.values()]
  }

  #section(path: string, node: Node | null): void {
    const target = this.#resolve(node)
    if (target === null || (isScalar(target) && target.value === null)) return
    if (!isMap(target)) {
      const names = path === '' ? [...this.#topLevel()] : (this.#sections.get(path) ?? [])
      throw configError(
        this.#at(target.range?.[0] ?? 0),
        `${path === '' ? 'the file' : path} is ${givenText(target.toJS(this.#document))}; allowed: a section with ${names.join(', ')}`,
        'write one "name: value" a line, indented below its section',
      )
    }
    for (const { key, value } of target.items as { key: Node; value: Node | null }[]) {
      const name = isScalar(key) ? String(key.value) : givenText(key.toJS(this.#document))
      const child = path === '' ? name : `${path}.${name}`
      const origin = this.#at(key.range?.[0] ?? 0)
      const knob = this.#leaves.get(child)
      if (knob && !(path === '' && name.includes('.'))) this.#leaf(knob, child, value, origin)
      else if (this.#sections.has(child)) this.#section(child, value)
      else throw this.#unknown(path, name, child, origin)
    }
  }

  #leaf(knob: Knob, spelled: string, node: Node | null, keyOrigin: Origin): void {
    const target = this.#resolve(node)
    const origin = node?.range ? this.#at(node.range[0]) : keyOrigin
    const earlier = this.#given.get(knob.key)
    if (earlier) {
      throw configError(keyOrigin, `${spelled} and ${earlier.spelled} are the same key`, `keep ${knob.key} only`)
    }
    const value: unknown =
      target === null
        ? null
        : isScalar(target) || isSeq(target) || knob.type.kind === 'texts'
          ? target.toJS(this.#document)
          : '{…}'
    this.#given.set(knob.key, { key: knob.key, value, origin, spelled })
  }

  #resolve(node: Node | null): Node | null {
    return isAlias(node) ? (node.resolve(this.#document) ?? null) : node
  }

  #unknown(path: string, name: string, child: string, origin: Origin): KvError {
    if (laterSections.includes(child)) {
      return configError(
        origin,
        `${child} is not accepted by this version: it has no balancers yet`,
        'remove the section',
      )
    }
    if (this.#leaves.has(child)) {
      const [section, leaf] = [child.slice(0, child.lastIndexOf('.')), child.slice(child.lastIndexOf('.') + 1)]
      return configError(origin, `unknown key "${name}"`, `write "${section}:" and, indented below it, "${leaf}: ..."`)
    }
    const known = [...this.#leaves.keys(), ...this.#sections.keys()]
    // A name put under the wrong section is as likely as a mistyped one.
    const meant = nearest(child, known) ?? known.find((key) => key.endsWith(`.${name}`)) ?? nearestLast(name, known)
    const siblings = path === '' ? [...this.#topLevel()] : (this.#sections.get(path) ?? [])
    return configError(
      origin,
      `unknown key "${child}"`,
      meant ? `did you mean "${meant}"?` : `known ${path === '' ? 'here' : `below ${path}`}: ${siblings.join(', ')}`,
    )
  }

  #topLevel(): ReadonlySet<string> {
    return new Set([...this.#leaves.keys()].map((key) => key.split('.')[0] as string))
  }
}

/** By the last word alone. */
function nearestLast(name: string, known: readonly string[]): string | undefined {
  const last = nearest(
    name,
    known.map((key) => key.slice(key.lastIndexOf('.') + 1)),
  )
  return last === undefined ? undefined : known.find((key) => key === last || key.endsWith(`.${last}`))
}
