// Every npm script runs through here, on whatever Node the user has (20 or newer), with built-ins alone. It installs when
// the lock file changed, builds when a source changed, and then becomes the real command on the pinned Node, so that
// signals reach it. What each command is stands in one table below.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensureBuilt } from './build.mjs'
import { become } from './become.mjs'
import { ensureInstalled } from './install.mjs'
import { LaunchError } from './launch-error.mjs'
import { pinnedNode } from './pinned-node.mjs'
import { root } from './root.mjs'

const cli = 'packages/app/cli'
const cliMain = `${cli}/dist/main.js`
const tool = (path) => `node_modules/${path}`

// build: the projects that must be compiled first, [] for none. run: arguments for the pinned Node.
const commands = {
  start: { build: [cli], run: (args) => [cliMain, 'cluster', 'up', ...args] },
  tour: { build: [cli], run: (args) => [cliMain, 'tour', ...args] },
  'base-kv': { build: [cli], quiet: true, run: (args) => [cliMain, ...args] },
  test: { build: [], run: (args) => ['scripts/tasks/test.mjs', ...args] },
  lint: { build: [], run: (args) => ['scripts/tasks/lint.mjs', ...args] },
  build: { build: [], run: (args) => [tool('typescript/bin/tsc'), '-b', ...args] },
  format: {
    build: [],
    run: (args) => [tool('prettier/bin/prettier.cjs'), '--write', ...(args.length > 0 ? args : ['.'])],
  },
  arch: { build: [], run: (args) => ['scripts/arch.mjs', ...args] },
  proto: { build: [], run: (args) => ['scripts/proto.mjs', ...args] },
  sim: {
    build: [],
    run: (args) => ['--conditions=source', '--no-warnings', 'packages/testing/sim/src/main.ts', ...args],
  },
  bench: {
    build: [cli],
    run: (args) => ['--conditions=source', '--no-warnings', 'packages/testing/bench/src/main.ts', ...args],
  },
  chaos: {
    build: [cli],
    run: (args) => ['--conditions=source', '--no-warnings', 'packages/testing/chaos/src/main.ts', ...args],
  },
}

export async function launch(name, args) {
  try {
    const command = commands[name]
    if (!command) {
      throw new LaunchError(
        `no command named ${name ?? '(none)'}`,
        `the commands are ${Object.keys(commands).join(', ')}`,
        2,
      )
    }
    await ensureInstalled()
    const run = command.run(args)
    const script = run.find((part) => !part.startsWith('-'))
    if (command.build.length > 0) await ensureBuilt(command.build, { quiet: command.quiet === true })
    if (!existsSync(join(root, script))) {
      throw new LaunchError(`\`${name}\` does not exist yet`, 'README.md lists what does not exist yet')
    }
    const parts = run.map((part) => (part === script ? join(root, part) : part))
    // The launcher's commands work on the repository; `base-kv` works where the user stands.
    if (name !== 'base-kv' && name !== 'start' && name !== 'tour') process.chdir(root)
    const serves = name === 'base-kv' && args[0] === 'node'
    // As nodes of a local cluster: packages/app/cli/src/cluster/spawn-node.ts says why.
    if (serves) parts.unshift('--max-semi-space-size=16')
    await become(pinnedNode(), parts, { diesWithParent: !serves })
  } catch (thrown) {
    if (!(thrown instanceof LaunchError)) throw thrown
    console.error(`error ${thrown.code}: ${thrown.message}; ${thrown.hint}`)
    process.exit(thrown.exitCode)
  }
}
