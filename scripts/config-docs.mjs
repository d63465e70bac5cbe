// docs/configuration.md from the schema that also checks a node's configuration.
//   node --conditions=source scripts/config-docs.mjs            write
//   node --conditions=source scripts/config-docs.mjs --check    compare, exit 1 on a difference
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { allowedText, defaultText, environmentName, schema } from '../packages/app/daemon/src/config/index.ts'

const path = fileURLToPath(new URL('../docs/configuration.md', import.meta.url))
const sample = readFileSync(new URL('../docs/node.example.yaml', import.meta.url), 'utf8')
const cell = (text) => text.replaceAll('|', '\\|')

const rows = schema.map((knob) => {
  const names = [knob.key, ...(knob.aliases ?? []).map((alias) => `${alias} (alias)`)]
  const meaning = [knob.about, knob.tradeOff].filter(Boolean).join(' ')
  return `| ${names.map((name) => `\`${name.replace(' (alias)', '')}\`${name.endsWith(')') ? ' (alias)' : ''}`).join(', ')} | ${cell(allowedText(knob.type))} | ${cell(defaultText(knob))} | ${cell(meaning)} |`
})

const text = `# Configuration of a node

<!-- Made by scripts/config-docs.mjs from packages/app/daemon/src/config/schema.ts: change it there. -->

\`base-kv node start --config FILE\` reads one YAML file. Flags win over the environment, the environment over the file, the
file over the defaults. Paths in the file begin at the file's folder.

## A minimal file

\`docs/node.example.yaml\`:

\`\`\`yaml
${sample.trim()}
\`\`\`

## Keys

| key | allowed | default | meaning |
| --- | --- | --- | --- |
${rows.join('\n')}

## Environment

\`BASE_KV_\` and the path in capitals sets a key; lists are separated by commas. Words of one name are separated by an
underscore, or not: \`BASE_KV_DATA_DIR\` and \`BASE_KV_DATADIR\` are the same. An empty variable counts as absent.

${schema.map((knob) => `- \`${environmentName(knob.key)}\`: \`${knob.key}\``).join('\n')}

## Mistakes

A wrong configuration ends the start with exit code 78 and one error: file, line and column (or the variable's or flag's
name), the key, what was given, what is allowed, and the nearest known key. Unknown keys and keys given twice are errors.
\`kvStoreConfig\`, \`distWorkerConfig\`, \`distServiceConfig\`, \`inboxStoreConfig\` and \`retainStoreConfig\` are refused until the
balancers exist.
`

const made = await format(text, { ...(await resolveConfig(path)), parser: 'markdown' })
const old = existsSync(path) ? readFileSync(path, 'utf8') : ''
if (process.argv.includes('--check')) {
  if (made !== old) {
    console.error(
      'docs/configuration.md is not what the schema says: run node scripts/config-docs.mjs on the pinned Node',
    )
    process.exit(1)
  }
} else if (made !== old) writeFileSync(path, made)
