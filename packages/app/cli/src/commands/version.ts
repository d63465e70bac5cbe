import { readFileSync } from 'node:fs'
import { type ClientFlags, withClient } from '../client-options.ts'
import { clusterView, type NodeView } from '../cluster-view.ts'
import { parseFormat, print } from '../output/print.ts'
import { table } from '../output/table.ts'

export async function version(flags: ClientFlags): Promise<void> {
  const format = parseFormat(flags.output)
  const path = new URL('../../package.json', import.meta.url)
  const own = (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
  // Without a cluster this command still has its answer.
  const nodes = await withClient(
    { timeout: '500ms', ...flags, ...(flags.timeout === '5s' && { timeout: '500ms' }) },
    (client) =>
      client.describe().then(
        (picture) => clusterView(picture).nodes.filter((node) => node.state === 'up'),
        (): NodeView[] => [],
      ),
  )
  await print(format, {
    json: { version: own, node: process.versions.node, nodes: nodes.map(({ node, version }) => ({ node, version })) },
    table: () =>
      table(
        ['WHAT', 'VERSION'],
        [
          ['base-kv', own],
          ['Node', process.versions.node],
          ...nodes.map(({ node, version }) => [`node ${node}`, version]),
        ],
      ),
    raw: () => `${own}\n`,
  })
}
