/** How many read views one store holds open for snapshots: each keeps the log behind it, and LevelDB's old versions. */
import { KvError, limits } from '@base-kv/base'
import type { Range } from '@base-kv/range'

/** Another view may be opened when it returns; for that, the one that nobody has read for longest may go. @throws KvError TryLater */
export function makeRoomForView(ranges: Iterable<Range>): void {
  const outs = [...ranges].map(({ snapshotsOut }) => snapshotsOut)
  const open = outs.reduce((sum, { count }) => sum + count, 0)
  if (open < limits.readViewsMax) return
  const idle = outs.filter(({ idleSinceMs }) => idleSinceMs !== null)
  const oldest = idle.toSorted((a, b) => (a.idleSinceMs ?? 0) - (b.idleSinceMs ?? 0))[0]
  if (!oldest) {
    throw new KvError('TryLater', `${open} snapshots are being sent from here already`, { hint: 'pull again later' })
  }
  oldest.dropIdle()
}
