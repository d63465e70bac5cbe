import { assert } from '@base-kv/base'
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Mutant } from './mutants.ts'

/**
 * Puts a known bug into the Raft core while its sources are loaded, in this process only: production code carries no
 * switch for it. Must run before the core is imported. Each text to replace must occur exactly once, so that a mutant
 * that no longer fits its source is an error and not a silent pass.
 */
export function installMutant(mutant: Mutant): void {
  const entry = import.meta.resolve('@base-kv/raft')
  const sources = new Map<string, string>()
  for (const { file } of mutant.edits) {
    const url = new URL(file, entry).href
    sources.set(url, mutate(mutant, file, readFileSync(fileURLToPath(url), 'utf8')))
  }
  registerHooks({
    load(url, context, nextLoad) {
      const source = sources.get(url)
      return source === undefined ? nextLoad(url, context) : { format: 'module-typescript', shortCircuit: true, source }
    },
  })
}

/** @returns the source with the bug in it. */
function mutate(mutant: Mutant, file: string, source: string): string {
  let text = source
  for (const edit of mutant.edits) {
    if (edit.file !== file) continue
    const parts = text.split(edit.find)
    assert(
      parts.length === 2,
      () => `mutant ${mutant.id}: '${edit.find}' occurs ${parts.length - 1} times in ${file}, wanted once`,
    )
    text = parts.join(edit.replace)
  }
  return text
}
