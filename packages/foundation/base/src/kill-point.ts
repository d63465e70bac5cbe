/**
 * Moments at which a crash hurts most, by name, so that a test can have a real process die exactly there: between two
 * writes that belong together, or between a write and the word that it was done. Nothing happens at them unless the
 * process was started with one of them armed (docs/adr/0009-kill-points.md); then it ends as kill -9 would end it.
 */
import { assert } from './assert.ts'
import { KvError } from './errors.ts'

export const killPoints = [
  /** Committed; nothing of it is done yet. */
  'split.apply',
  /** The log of the right half is durable, its data is not. */
  'split.logged',
  /** Both halves are durable; the note that the right one began is still there. */
  'split.flushed',
  /** The note is gone. */
  'split.finished',
  /** The left range has applied that it will take the right one over; nobody has been told. */
  'merge.prepared',
  /** The right one has applied that it is frozen for it. */
  'merge.frozen',
  /** The marker is committed; nothing of it is done yet. */
  'merge.apply',
  /** The left range has all keys durably; the right one's log is still there. */
  'merge.flushed',
  /** Its tombstone is durable; the note that it was absorbed is still there. */
  'merge.entombed',
  /** The note is gone. */
  'merge.finished',
  /** A group names this store; nothing is durable. */
  'replica.create',
  /** The empty replica is durable; it has not said a word. */
  'replica.created',
  /** The group has dismissed this replica; nothing is durable. */
  'replica.destroy',
  /** The tombstone is durable, the data is still there. */
  'replica.entombed',
  /** The data is nobody's any more. */
  'replica.destroyed',
  /** A changed configuration is durable in the log. */
  'members.logged',
  /** A joint configuration is applied, nobody has been told. */
  'members.joint',
  /** One that is not joint. */
  'members.left',
  /** A snapshot is to be fetched; no slot is taken. */
  'snapshot.pull',
  /** A piece of it is durable. */
  'snapshot.load',
  /** All of it is. */
  'snapshot.loaded',
  /** It is on record that it will be put in place. */
  'snapshot.install',
  /** The data is in place, the log is the old one. */
  'snapshot.swapped',
  /** The log begins anew behind it. */
  'snapshot.installed',
  /** A piece of a slot that nobody refers to is deleted. */
  'slots.clear',
  /** All of it is; the tables are not compacted. */
  'slots.cleared',
  /** A batch of applied data is cut, not written. */
  'data.flush',
  /** It is durable, nobody has been told. */
  'data.flushed',
  /** The same for a batch of entries, votes and terms. */
  'log.flush',
  'log.flushed',
  /** The log begins at a later index from now on; nothing is durable. */
  'log.cut',
  /** Its new beginning is durable; what lies before it is still there. */
  'log.shortened',
] as const

export type KillPoint = (typeof killPoints)[number]

interface Armed {
  readonly point: KillPoint
  /** So often it must be reached. */
  left: number
  readonly die: () => void
}

// Invariant: set at most once, before the process does anything else.
let armed: Armed | null = null

/** Ends the process if it was armed here. */
export function killPoint(point: KillPoint): void {
  if (armed !== null && armed.point === point && --armed.left === 0) armed.die()
}

/**
 * `text`: a name, or a name and how often it must be reached, `snapshot.load:3`. `die` must not return.
 * @throws KvError BadConfig
 */
export function armKillPoint(text: string, die: () => void): KillPoint {
  assert(armed === null, 'one kill point a process')
  const [name = '', count = '1', ...rest] = text.split(':')
  const point = killPoints.find((one) => one === name)
  if (point === undefined || !/^[1-9]\d{0,8}$/.test(count) || rest.length > 0) {
    throw new KvError('BadConfig', `there is no kill point ${text}`, {
      hint: `name[:count], where name is one of ${killPoints.join(', ')}`,
    })
  }
  armed = { point, left: Number(count), die }
  return point
}
