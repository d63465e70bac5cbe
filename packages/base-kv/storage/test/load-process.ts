/**
 * A process that loads one replica until it is killed: `node load-process.ts DIRECTORY`. It starts when its stdin ends, so
 * that a test can have the next one ready. It tells on stdout, synchronously,
 * what has been acknowledged: `entry INDEX`, `vote TERM STORE`, `flushed INDEX`. What an entry holds follows from its index,
 * so whoever reads the folder afterwards knows what must be there (load-check.ts).
 */
import { readFileSync, writeSync } from 'node:fs'
import { logIndex, replicaId, storeId, term as asTerm, type LogIndex } from '@base-kv/base'
import type { SnapshotMeta } from '@base-kv/raft'
import type { Storage } from '../src/index.ts'
import { applied, newReplica, open, R1 } from './fixtures.ts'
import { entryOf, keyOf, valueOf } from './load-check.ts'

const tell = (line: string): void => void writeSync(1, `${line}\n`)
const IN_FLIGHT = 4
const KEPT_BEHIND = 50

if (readFileSync(0).length === 0) process.exit(0)

const storage = await open(process.argv[2] as string, {
  flushAgeMs: 5,
  onPoison: (error) => {
    tell(`poison ${error.message}`)
    process.exit(74)
  },
})
const found = storage.found[0]
if (found === undefined) await storage.createReplica(R1, newReplica())
else if (found.state !== 'ok') throw new Error(found.reason)
tell('ready')

const term = asTerm((found?.hardState.term ?? 1) + 1)
const vote = {
  store: storeId(`00000000-0000-4000-8000-${String(process.pid).padStart(12, '0')}`),
  replica: replicaId(1),
}
const commit = logIndex(0)
storage.log.append(R1, { hardState: { term, vote, commit } }, () => tell(`vote ${term} ${vote.store}`))

let last: number = storage.log.lastIndex(R1)
applyUpTo(storage, logIndex(last))
for (let i = 0; i < IN_FLIGHT; i++) appendNext()
storage.data.onFlushed = () => {
  const flushed = storage.data.flushedApplied(R1)
  tell(`flushed ${flushed}`)
  compactBehind(storage, flushed)
}

function appendNext(): void {
  const index = ++last
  storage.log.append(R1, { entries: [entryOf(index, term)] }, () => {
    tell(`entry ${index}`)
    applyUpTo(storage, logIndex(index))
    appendNext()
  })
}

function applyUpTo(storage: Storage, to: LogIndex): void {
  const data = storage.data.range(R1)
  for (let index = data.record.applied.index + 1; index <= to; index++) {
    data.put('user', keyOf(index), valueOf(index))
    data.setApplied(applied(index, storage.log.reader(R1).term(logIndex(index))))
  }
}

function compactBehind(storage: Storage, flushed: LogIndex): void {
  const now = storage.log.snapshot(R1)
  if (flushed - KEPT_BEHIND < now.index + 100) return
  const index = logIndex(flushed - KEPT_BEHIND)
  const point: SnapshotMeta = { index, term: storage.log.reader(R1).term(index), config: now.config }
  storage.log.compact(R1, point)
}
