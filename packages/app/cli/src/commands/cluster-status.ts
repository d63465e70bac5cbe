import type { ClientFlags } from '../client-options.ts'
import { needCluster } from '../cluster/cluster-folder.ts'
import { localCluster, localClusterTable } from '../cluster/cluster-status.ts'
import { parseFormat, print } from '../output/print.ts'

/** Exit code 69 when the cluster cannot serve. */
export async function clusterStatus(folder: string, flags: ClientFlags): Promise<number> {
  const format = parseFormat(flags.output)
  const local = await localCluster(folder, needCluster(folder))
  await print(format, {
    json: { folder, healthy: local.healthy, health: local.health, nodes: local.nodes },
    table: () => `${local.health}\n\n${localClusterTable(local)}`,
    raw: () => `${local.health}\n`,
  })
  return local.healthy ? 0 : 69
}
