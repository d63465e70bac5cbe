import { assert } from '@base-kv/base'
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Mutant } from './mutants.ts'

/**
 * Puts a known bug into the Raft core while its sources are loaded, in this process only: production code carries no
 * switch for it. Must run before the core is imported. The text to replace must occur exactly once, so that a mutant
 * that no longer fits its source is an error and not a silent pass.
 */
export function installMutant(mutant: Mutant): void {
  const wanted = new URL(mutant.file, import.meta.resolve('@base-kv/raft')).href
  const source = mutate(mutant, readFileSync(fileURLToPath(wanted), 'utf8'))
  registerHooks({
    load: (url, context, nextLoad) =>
      url === wanted ? { format: 'module-typescript', shortCircuit: true, source } : nextLoad(url, context),
  })
}

/** @returns the source with the bug in it. */
export function mutate(mutant: Mutant, source: string): string {
  const parts = source.split(mutant.find)
  assert(
    parts.length === 2,
    () => `mutant ${mutant.id}: its text occurs ${parts.length - 1} times in ${mutant.file}, wanted once`,
  )
  return parts.join(mutant.replace)
}
