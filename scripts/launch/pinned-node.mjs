import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LaunchError } from './launch-error.mjs'
import { root } from './root.mjs'

/** The Node that everything runs on: the locked binary of this platform, else the running one when it is new enough. */
export function pinnedNode() {
  for (const arch of ['x64', 'arm64']) {
    const path = join(root, `node_modules/node-linux-${arch}/bin/node`)
    if (process.platform === 'linux' && process.arch === arch && existsSync(path)) return path
  }
  const major = Number(process.versions.node.split('.')[0])
  if (major >= 24) return process.execPath
  throw new LaunchError(
    `there is no locked Node binary for ${process.platform}-${process.arch}, and Node ${process.versions.node} is too old`,
    'run this with Node 24 or newer',
  )
}
