// The architecture table (architecture.json) is the one source of who may import whom. From it come every package's
// package.json dependencies and tsconfig references, so that a wrong-way import does not compile.
//   node scripts/arch.mjs            compare, exit 1 on a difference
//   node scripts/arch.mjs --write    rewrite the files
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const write = process.argv.includes('--write')
const { packages } = JSON.parse(readFileSync(join(root, 'architecture.json'), 'utf8'))
const versions = JSON.parse(readFileSync(join(root, 'scripts/npm-versions.json'), 'utf8'))
const folderOf = new Map(Object.keys(packages).map((folder) => [folder.split('/')[1], folder]))
const differences = []

function put(path, text) {
  const old = existsSync(path) ? readFileSync(path, 'utf8') : ''
  if (old === text) return
  if (!write) {
    differences.push(relative(root, path))
    return
  }
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
const json = (value) => JSON.stringify(value, null, 2) + '\n'

const references = []
for (const [folder, spec] of Object.entries(packages)) {
  const dir = join(root, 'packages', folder)
  const name = folder.split('/')[1]
  const dependencies = Object.fromEntries([
    ...spec.imports.map((other) => {
      if (!folderOf.has(other)) throw new Error(`architecture.json: ${folder} imports unknown package ${other}`)
      return [`@base-kv/${other}`, '0.1.0']
    }),
    ...(spec.npm ?? []).map((other) => {
      if (!versions[other]) throw new Error(`scripts/npm-versions.json has no version for ${other}`)
      return [other, versions[other]]
    }),
  ])
  put(
    join(dir, 'package.json'),
    json({
      name: `@base-kv/${name}`,
      version: '0.1.0',
      description: spec.about,
      license: 'Apache-2.0',
      type: 'module',
      exports: { '.': { source: './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' } },
      files: ['dist'],
      dependencies,
    }),
  )
  const own = spec.imports.map((other) => ({ path: relative(dir, join(root, 'packages', folderOf.get(other))) }))
  put(
    join(dir, 'tsconfig.json'),
    json({
      extends: relative(dir, join(root, 'tsconfig.base.json')),
      compilerOptions: {
        rootDir: 'src',
        outDir: 'dist',
        tsBuildInfoFile: 'dist/tsconfig.tsbuildinfo',
        ...(spec.pure ? { types: [] } : {}),
      },
      include: ['src'],
      references: own,
    }),
  )
  references.push({ path: `packages/${folder}` })
}
put(join(root, 'tsconfig.json'), json({ files: [], references: [...references, { path: 'tsconfig.test.json' }] }))
put(
  join(root, 'tsconfig.test.json'),
  json({
    extends: './tsconfig.base.json',
    compilerOptions: {
      noEmit: true,
      rewriteRelativeImportExtensions: false,
      composite: true,
      tsBuildInfoFile: 'node_modules/.cache/tsconfig.test.tsbuildinfo',
    },
    include: ['packages/*/*/test', 'test'],
    references,
  }),
)
// The linter's rules for pure packages hold for exactly the packages that the table calls pure.
const rules = JSON.parse(readFileSync(join(root, '.oxlintrc.json'), 'utf8'))
const pureRules = rules.overrides.find((override) => 'eslint/no-restricted-globals' in override.rules)
pureRules.files = Object.keys(packages)
  .filter((folder) => packages[folder].pure)
  .map((folder) => `packages/${folder}/src/**`)
put(join(root, '.oxlintrc.json'), json(rules))
// npm links a workspace when it installs; a package that came since is linked here.
const links = join(root, 'node_modules/@base-kv')
for (const folder of existsSync(links) ? Object.keys(packages) : []) {
  const link = join(links, folder.split('/')[1])
  if (existsSync(link)) continue
  if (write) symlinkSync(join('../../packages', folder), link)
  else differences.push(relative(root, link))
}
for (const group of readdirSync(join(root, 'packages'))) {
  for (const name of readdirSync(join(root, 'packages', group))) {
    if (!packages[`${group}/${name}`]) differences.push(`packages/${group}/${name} is not in architecture.json`)
  }
}
if (differences.length > 0) {
  console.error(`architecture.json and these files differ; run \`npm run arch\`:\n  ${differences.join('\n  ')}`)
  process.exit(1)
}
