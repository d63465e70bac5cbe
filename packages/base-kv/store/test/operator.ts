/** What operators and loads do to a cluster of stores. */
import { KvError, type StoreId } from '@base-kv/base'
import { type ClusterOptions, type TestCluster, type TestNode, until } from './cluster.ts'

/** Cuts the log at once behind what is flushed. */
export const eager: ClusterOptions = {
  compaction: { logBytesSoft: 8 * 1024, logEntriesSoft: 20, patienceMs: 0 },
  storage: { flushAgeMs: 5 },
}

export const ids = (nodes: readonly TestNode[]): StoreId[] => nodes.map((node) => node.id)

/** As an operator does: again and again at whoever leads, until it is done. */
export async function change(
  c: TestCluster,
  voters: readonly TestNode[],
  learners: readonly TestNode[] = [],
): Promise<void> {
  await until(
    async () => {
      const leader = await c.leader()
      try {
        await leader.range.changeReplicas({ voters: ids(voters), learners: ids(learners) })
        return true
      } catch (thrown) {
        if (thrown instanceof KvError && thrown.code === 'TryLater') return false
        throw thrown
      }
    },
    'the members change',
    15_000,
  )
}

export const voters = (node: TestNode) => [...node.range.describe().config.voters].sort()

export async function fill(c: TestCluster, count: number, tag: string): Promise<void> {
  for (let i = 0; i < count; i += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, j) => c.put(`${tag}-${i + j}`, `${tag}${'x'.repeat(200)}`)))
  }
}

/** So far that `late` needs a snapshot. */
export async function logIsCut(c: TestCluster, late: TestNode): Promise<void> {
  await until(async () => {
    const { id, snapshotIndex } = (await c.leader()).range.describe()
    return snapshotIndex > late.storage.log.lastIndex(id)
  }, 'the log is cut')
}
