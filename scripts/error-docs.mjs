// Writes docs/errors.md from the error table of foundation/base; with --check compares. Runs on the pinned Node with
// --conditions=source.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { errorCodes } from '../packages/foundation/base/src/errors.ts'

const GRPC = {
  1: 'CANCELLED',
  2: 'UNKNOWN',
  3: 'INVALID_ARGUMENT',
  4: 'DEADLINE_EXCEEDED',
  5: 'NOT_FOUND',
  8: 'RESOURCE_EXHAUSTED',
  9: 'FAILED_PRECONDITION',
  12: 'UNIMPLEMENTED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
  15: 'DATA_LOSS',
  16: 'UNAUTHENTICATED',
}
const rows = Object.entries(errorCodes).map(
  ([code, row]) =>
    `| \`${code}\` | ${row.grpc} ${GRPC[row.grpc]} | ${row.http} | ${row.exit} | ` +
    `${row.applied === 'no' ? 'certainly not applied' : 'unknown'} | ${row.retry ? 'yes' : 'no'} |`,
)
const text = `# Errors

One table for all ways out of base-kv. On gRPC the trailer \`base-kv-code\` carries the code and \`base-kv-hint\` what to do
next; on the command line an error is one line, \`error CODE: what happened; what to do\`.

*Applied* says what the sender of a write may conclude. Only after "certainly not applied" may a write be sent again
without a thought; after "unknown" read the key first. A call that breaks or passes its deadline on the client's side is
unknown as well, whatever status the library gives it.

| code | gRPC status | HTTP | exit code | applied | sending again may help |
|---|---|---|---|---|---|
${rows.join('\n')}

Written from \`packages/foundation/base/src/errors.ts\` by \`scripts/error-docs.mjs\`.
`
const path = join(dirname(fileURLToPath(import.meta.url)), '../docs/errors.md')
if (process.argv.includes('--check')) {
  if (readFileSync(path, 'utf8') !== text) {
    console.error('docs/errors.md is not what the error table gives; run scripts/error-docs.mjs on the pinned Node')
    process.exit(1)
  }
} else {
  writeFileSync(path, text)
}
