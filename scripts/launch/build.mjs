// Compiles what changed. A stamp of all sources (path, size, time) says in a few milliseconds that there is nothing to do.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { LaunchError } from './launch-error.mjs'
import { oneAtATime } from './one-at-a-time.mjs'
import { pinnedNode } from './pinned-node.mjs'
import { root } from './root.mjs'

const say = (text) => console.error(`base-kv: ${text}`)

/** `projects` are folders with a tsconfig.json; their references are built along. */
export async function ensureBuilt(projects, { quiet }) {
  const stampFile = join(root, `node_modules/.cache/base-kv/built-${projects.join('+').replaceAll('/', '-')}`)
  const upToDate = (stamp) => existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp
  if (upToDate(sourcesStamp())) return
  await oneAtATime(say, async () => {
    const stamp = sourcesStamp()
    if (upToDate(stamp)) return
    const begun = Date.now()
    if (!quiet) say('building …')
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { status } = spawnSync(pinnedNode(), [tsc, '-b', ...projects.map((project) => join(root, project))], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    })
    if (status !== 0) throw new LaunchError('the sources do not compile', 'see the compiler’s messages above')
    mkdirSync(dirname(stampFile), { recursive: true })
    writeFileSync(stampFile, stamp)
    if (!quiet) say(`built in ${((Date.now() - begun) / 1000).toFixed(1)} s`)
  })
}

function sourcesStamp() {
  const hash = createHash('sha256')
  const add = (path) => {
    const { size, mtimeMs } = statSync(path)
    hash.update(`${path} ${size} ${mtimeMs}\n`)
  }
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) walk(path)
      else add(path)
    }
  }
  add(join(root, 'tsconfig.base.json'))
  const packages = join(root, 'packages')
  for (const group of readdirSync(packages)) {
    for (const name of readdirSync(join(packages, group))) {
      const folder = join(packages, group, name)
      for (const part of ['src', 'generated']) if (existsSync(join(folder, part))) walk(join(folder, part))
      // What was built must still be there.
      hash.update(String(existsSync(join(folder, 'dist/tsconfig.tsbuildinfo'))))
    }
  }
  return hash.digest('hex')
}
