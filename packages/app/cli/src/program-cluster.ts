import type { Command } from 'commander'
import { KvError } from '@base-kv/base'
import { addOutputOption } from './client-options.ts'
import { command, type ExitSlot, withExamples, whole } from './command.ts'

const say = (text: string): void => void process.stdout.write(text)
const NODE = 'its name (n1, n2, …), or leader'

export function addClusterCommands(root: Command, slot: ExitSlot): void {
  const cluster = command('cluster', 'Run a cluster of real processes on this machine')
  withExamples(
    cluster,
    'cluster up --detach',
    'cluster status',
    'cluster kill leader',
    'cluster start n2',
    'cluster down',
  )
  root.addCommand(cluster)
  const withData = (one: Command) =>
    one.option('--data <dir>', 'the cluster’s folder (default: BASE_KV_DATA, else .base-kv in the clone)')
  const folder = async (flags: { data?: string }) =>
    (await import('./cluster/cluster-folder.ts')).clusterFolder(flags.data)
  const control = () => import('./cluster/control.ts')

  const up = withData(command('up', 'Start a cluster; if it runs already, say so and change nothing'))
    .option('--nodes <n>', 'how many (default 3, or as the folder has it)')
    .option('--base-port <port>', 'node i gets gRPC on P+i, admin on P+390+i (default 7700, or as the folder has it)')
    .option('--detach', 'return when every node is ready; else stay and tell what happens')
    .option('--fresh', 'empty the folder first: all data of this cluster is lost')
    .option('--ranges <n>', 'split the keys into n equal ranges, led by the nodes in turn')
    .action(async (flags) => {
      const { up } = await import('./cluster/up.ts')
      slot.exitCode = await up(
        {
          folder: await folder(flags),
          nodes: flags.nodes === undefined ? undefined : whole(flags.nodes, '--nodes', 1, 64),
          basePort: flags.basePort === undefined ? undefined : whole(flags.basePort, '--base-port', 1, 65_000),
          detach: flags.detach === true,
          fresh: flags.fresh === true,
          ranges: flags.ranges === undefined ? 1 : whole(flags.ranges, '--ranges', 1, 10_000),
        },
        say,
      )
    })
  withExamples(
    up,
    'cluster up',
    'cluster up --detach --nodes 5',
    'cluster up --fresh --ranges 30',
    'cluster up --base-port 17700 --data /tmp/other --fresh',
  )

  const down = withData(command('down', 'Stop every node; the data stays')).action(async (flags) =>
    (await control()).down(await folder(flags), say),
  )
  withExamples(down, 'cluster down', 'cluster down --data /tmp/other')

  const status = withData(addOutputOption(command('status', 'Show the processes: who runs, who leads, how one ended')))
  status.action(async (flags) => {
    const { clusterStatus } = await import('./commands/cluster-status.ts')
    slot.exitCode = await clusterStatus(await folder(flags), flags)
  })
  withExamples(status, 'cluster status', 'cluster status -o json')

  const nodeCommand = (name: 'kill' | 'stop' | 'start' | 'pause' | 'resume', about: string, argument: string) => {
    const one = withData(command(name, about))
      .argument('<node>', argument)
      .action(async (node: string, flags) => (await control())[name](await folder(flags), node, say))
    return withExamples(one, name === 'start' || name === 'resume' ? `cluster ${name} n2` : `cluster ${name} leader`)
  }
  const wipe = withData(command('wipe', 'Empty the disk of a stopped node'))
    .argument('<node>', 'its name')
    .action(async (node: string, flags) => (await control()).wipe(await folder(flags), node, say))
  withExamples(wipe, 'cluster wipe n2')

  const logs = withData(command('logs', 'Show a node’s log'))
    .argument('<node>', 'its name')
    .option('-n, --lines <n>', 'how many of the newest lines', '50')
    .option('-f, --follow', 'go on with what comes')
    .option('--json', 'the lines as they stand in the file')
    .action(async (name: string, flags) => {
      const { logs } = await import('./cluster/logs.ts')
      const lines = whole(flags.lines, '--lines', 0, 1_000_000)
      const { follow = false, json = false } = flags
      await logs({ folder: await folder(flags), name, lines, follow, json }, say)
    })
  withExamples(logs, 'cluster logs n1', 'cluster logs n1 --follow', 'cluster logs n1 -n 1000 --json')

  const add = withData(command('add', 'A further node joins'))
    .argument('[node]', 'its name: the next one, n4 after n1 to n3')
    .action(async (node: string | undefined, flags) => (await control()).add(await folder(flags), node, say))
  withExamples(add, 'cluster add', 'cluster add n4')

  const remove = withData(command('remove', 'A node leaves for good (comes with balancers)'))
    .argument('<node>', 'its name')
    .action(() => {
      throw new KvError('Unimplemented', 'cluster remove comes with balancers, which this release lacks', {
        hint: 'move its replicas with `base-kv range replicas`, then `base-kv cluster stop`',
      })
    })
  withExamples(remove, 'cluster remove n4')

  for (const one of [
    up,
    down,
    status,
    nodeCommand('kill', 'SIGKILL a node; it is not started again by itself', NODE),
    nodeCommand('stop', 'SIGTERM a node: it hands leaderships over and ends', NODE),
    nodeCommand('start', 'Start a node again on its data', 'its name'),
    nodeCommand('pause', 'SIGSTOP a node: silent, but its connections stay', NODE),
    nodeCommand('resume', 'SIGCONT a paused node', 'its name'),
    wipe,
    logs,
    add,
    remove,
  ]) {
    cluster.addCommand(one)
  }

  const node = command('node', 'Run one node')
  const start = command('start', 'Run one node in the foreground; SIGTERM drains it')
    .option('--config <file>', 'YAML; without it the environment (BASE_KV_…) says everything')
    .action(async (flags) => {
      const { startNodeCommand } = await import('./commands/node-start.ts')
      await startNodeCommand(flags.config)
    })
  withExamples(start, 'node start --config n1.yaml')
  withExamples(node, 'node start --config n1.yaml')
  root.addCommand(node.addCommand(start))
}
