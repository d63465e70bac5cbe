// Installs exactly what package-lock.json names, when it changed since the last time. The hash of the lock that was
// installed is kept inside node_modules, so that deleting that folder forgets it too.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LaunchError } from './launch-error.mjs'
import { oneAtATime } from './one-at-a-time.mjs'
import { root } from './root.mjs'

const lockFile = join(root, 'package-lock.json')
const stamp = join(root, 'node_modules/.install-hash')
const say = (text) => console.error(`base-kv: ${text}`)

export async function ensureInstalled() {
  if (installed()) return
  await oneAtATime(say, async () => {
    if (installed()) return
    if (!installedByHand()) await install()
    writeFileSync(stamp, lockHash())
  })
}

const lockHash = () => createHash('sha256').update(readFileSync(lockFile)).digest('hex')

function installed() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash()
}

/** Whether someone ran npm already and what lies there is what the lock names: nothing to do then. */
function installedByHand() {
  const hidden = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(hidden)) return false
  const wanted = JSON.parse(readFileSync(lockFile, 'utf8')).packages
  const present = JSON.parse(readFileSync(hidden, 'utf8')).packages
  const same = ([path, entry]) => entry.link === true || wanted[path]?.version === entry.version
  const there = ([path, entry]) => !path.startsWith('node_modules/') || entry.optional || entry.peer || path in present
  return Object.entries(present).every(same) && Object.entries(wanted).every(there)
}

async function install() {
  say('installing the packages that package-lock.json names (once; about half a minute) …')
  const begun = Date.now()
  const seconds = () => Math.round((Date.now() - begun) / 1000)
  const ticker = setInterval(() => say(`… still installing, ${seconds()} s`), 10_000)
  const code = await run(['ci', '--loglevel=error', '--no-fund', '--no-audit', '--include=dev', '--include=optional'])
  clearInterval(ticker)
  if (code !== 0) {
    throw new LaunchError(
      `\`npm ci\` failed with exit code ${code}`,
      'see what npm says above; it needs a package registry (or a filled npm cache) once',
    )
  }
  say(`installed in ${seconds()} s`)
}

/** Runs npm, preferably the one that started us; all it says goes to stderr, so that our stdout stays the command's. */
function run(args) {
  const own = process.env.npm_execpath ?? ''
  const [command, first] = /npm-cli\.js$/.test(own) ? [process.execPath, [own]] : ['npm', []]
  const env = { ...process.env }
  // `npx` and `npm run -w` describe their own call in the environment; it must not become ours.
  for (const key of ['package', 'call', 'global', 'workspace', 'workspaces', 'local_prefix'])
    delete env[`npm_config_${key}`]
  return new Promise((resolve) => {
    const child = spawn(command, [...first, ...args], { cwd: root, env, stdio: ['ignore', 2, 2] })
    child.on('error', () => resolve(127))
    child.on('exit', (code, signal) => resolve(code ?? `(signal ${signal})`))
  })
}
