import type { Config, Member, RaftMachine, Role } from '@base-kv/raft'
import type { Disk } from '../disk.ts'
import type { LogImage } from '../log-image.ts'

/** One life of one replica as the checkers see it: what it shows, what its shell holds, and what they remember of it. */
export interface View {
  readonly number: number
  readonly self: Member
  readonly machine: RaftMachine
  /** The log as handed out by the core, in the shell's memory. */
  readonly log: LogImage
  readonly disk: Disk
  readonly seen: Seen
}

/** After the step before. */
interface Seen {
  role: Role
  term: number
  commit: number
  /** The configuration in force, and where it stands in the log. */
  config: Config
  configIndex: number
  /** Last entry that was handed out to be applied. */
  handedOut: number
  /** Newest persist id that was asked for. */
  persistId: number
}

/**
 * The configuration in force: the newest in the log, as entries count from being appended. Taken from the log, not from
 * what the core says, except for an entry that the core has not handed out yet.
 */
export function configInForce(view: View, nowMs: number): { readonly index: number; readonly config: Config } {
  const logged = view.log.configAt(view.log.last)
  if (view.machine.lastIndex <= view.log.last) return logged
  const status = view.machine.status(nowMs)
  return status.configIndex > view.log.last ? { index: status.configIndex, config: status.config } : logged
}
