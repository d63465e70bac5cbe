// Generates packages/foundation/protocol/generated from proto/ (protobufjs static code and its types).
//   node scripts/proto.mjs           rewrite
//   node scripts/proto.mjs --check   exit 1 when the committed code is not what the .proto files give
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const folder = join(root, 'proto/basekv/v1')
const out = join(root, 'packages/foundation/protocol/generated')
const check = process.argv.includes('--check')
const bin = (name) => join(root, 'node_modules/protobufjs-cli/bin', name)
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.proto'))
  .sort()
  .map((name) => join(folder, name))
const work = mkdtempSync(join(tmpdir(), 'base-kv-proto-'))
try {
  const js = join(work, 'basekv.js')
  const ts = join(work, 'basekv.d.ts')
  const run = (script, args) =>
    execFileSync(process.execPath, [bin(script), ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  const flags = ['-t', 'static-module', '-w', 'es6', '--es6', '--force-number']
  for (const part of ['create', 'verify', 'convert', 'delimited', 'typeurl', 'service']) flags.push(`--no-${part}`)
  run('pbjs', [...flags, '-o', js, ...files])
  run('pbts', ['-o', ts, js])
  // Types come from the comments; the code that is kept has none.
  run('pbjs', [...flags, '--no-comments', '-o', js, ...files])
  const code = readFileSync(js, 'utf8')
    .replace(/from "protobufjs\/minimal(\.js)?"/, 'from "protobufjs/minimal.js"')
    .concat('\nexport const v1 = basekv.v1\n')
  const types = readFileSync(ts, 'utf8')
    .replace(/import Long = require\("long"\);\n?/, '')
    .concat('\nexport import v1 = basekv.v1;\n')
  const wanted = { 'basekv.js': code, 'basekv.d.ts': types }
  for (const [name, text] of Object.entries(wanted)) {
    const path = join(out, name)
    if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
    if (check) {
      console.error(`${path} is not what proto/ gives; run \`npm run proto\``)
      process.exitCode = 1
    } else {
      mkdirSync(out, { recursive: true })
      writeFileSync(path, text)
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
