import { assert } from '@base-kv/base'
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Edit } from './mutants/mutant.ts'

/**
 * Puts a known bug into the sources under test while they are loaded, in this process only: production code carries no
 * switch for it. Must run before they are imported. Each text to replace must occur exactly once, so that a mutant
 * that no longer fits its source is an error and not a silent pass.
 */
export function installMutant(mutant: { readonly id: string; readonly edits: readonly Edit[] }): void {
  const sources = new Map<string, string>()
  for (const edit of mutant.edits) {
    const url = new URL(edit.file, import.meta.resolve(`@base-kv/${edit.package ?? 'raft'}`)).href
    sources.set(url, mutated(mutant.id, edit, sources.get(url) ?? readFileSync(fileURLToPath(url), 'utf8')))
  }
  registerHooks({
    load(url, context, nextLoad) {
      const source = sources.get(url)
      return source === undefined ? nextLoad(url, context) : { format: 'module-typescript', shortCircuit: true, source }
    },
  })
}

/** @returns the source with the bug in it. */
function mutated(id: string, { file, find, replace }: Edit, source: string): string {
  const parts = source.split(find)
  assert(parts.length === 2, () => `mutant ${id}: '${find}' occurs ${parts.length - 1} times in ${file}, wanted once`)
  return parts.join(replace)
}
