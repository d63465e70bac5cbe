import { EntryType, type Config, type Entry, type SnapshotMeta } from '@base-kv/raft'
import { decodeCommand, fingerprint, keyCount } from './command.ts'
import { configOf } from './log-image.ts'

/**
 * The replicated state: a few registers, each holding the index of the write that set it, and the ids of all writes ever
 * applied. Data, applied index and configuration are one thing, written and copied together.
 */
export class Registers {
  index = 0
  term = 0
  config: Config
  /** Of everything applied, in order. Equal at equal index, or replicas have parted. */
  digest = 0
  private values: number[] = new Array<number>(keyCount).fill(0)
  private appliedIds: number[] = []

  constructor(snapshot: SnapshotMeta) {
    this.index = snapshot.index
    this.term = snapshot.term
    this.config = snapshot.config
  }

  /** @returns the id of the write, or 0 when the entry is none. */
  apply(entry: Entry): number {
    this.index = entry.index
    this.term = entry.term
    this.digest = mix(mix(mix(this.digest, entry.index), entry.term), fingerprint(entry))
    if (entry.type === EntryType.config) this.config = configOf(entry)
    if (entry.type !== EntryType.command) return 0
    const command = decodeCommand(entry.data)
    this.values[command.key] = entry.index
    this.appliedIds.push(command.id)
    return command.id
  }

  /** The index of the write that the register holds; 0 when nothing was ever written. */
  read(key: number): number {
    return this.values[key] ?? 0
  }

  get ids(): readonly number[] {
    return this.appliedIds
  }

  get snapshot(): SnapshotMeta {
    return { index: this.index, term: this.term, config: this.config } as SnapshotMeta
  }

  clone(): Registers {
    const copy = new Registers(this.snapshot)
    copy.digest = this.digest
    copy.values = [...this.values]
    copy.appliedIds = [...this.appliedIds]
    return copy
  }
}

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x9e3779b1)
  return (mixed ^ (mixed >>> 15)) >>> 0
}
