/** Wrong usage and wrong configuration: one clear line with a code and the next step, the right exit code, no harm done. */
import { createServer, type Server } from 'node:net'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Ended, runCli } from '../harness/cli.ts'
import { TestCluster } from '../harness/cluster.ts'
import { freeBasePort } from '../harness/free-ports.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'

/** `error CODE: what; what to do`, alone on standard error. */
function expectError({ code, stderr }: Ended, exit: number, text: RegExp): void {
  expect({ code, stderr }).toEqual({ code: exit, stderr: expect.stringMatching(/^error [A-Z_]+: .+\n$/) })
  expect(stderr).toMatch(text)
}

describe('wrong usage exits 2', () => {
  test.each([
    [['clster', 'up'], /unknown command 'clster' \(Did you mean cluster\?\)/],
    [['cluster', 'upp'], /Did you mean up\?/],
    [['cluster', 'up', '--detahc'], /Did you mean --detach\?/],
    [['cluster', 'up', '--nodes', 'many'], /--nodes many/],
    [['cluster', 'up', '--base-port', '65500'], /--base-port 65500/],
    [['cluster', 'kill'], /missing required argument 'node'/],
    [['put', 'key'], /put wants one value; .*--file/],
    [['put', 'a', 'b', 'c'], /too many arguments/],
    [['get'], /missing required argument 'key'/],
    [['get', 'a', '--timeout', 'soon'], /"soon" is no time; write 5s/],
    [['get', 'a', '-o', 'xml'], /"xml" is no output format; .*json/],
    [['get', 'a', '--consistency', 'maybe'], /"maybe" is no consistency/],
    [['get', 'a', '--endpoints', 'nonsense'], /"nonsense" is no address; write host:port/],
    [['get', 'a', '--tls-ca', 'x'], /TLS wants three files/],
    [['get', 'hex:0'], /"hex:0" is not hexadecimal/],
    [['put', 'base64:?', 'v'], /is not base64/],
    [['scan', '--limit', '-1'], /--limit -1/],
    [['cas', 'k', '--value', 'v'], /--expect VALUE or --absent/],
    [['range', 'recover', '--store', 'n1'], /--accept-data-loss/],
  ])('%j', async (args, text) => expectError(await runCli(args), 2, text))

  test('every command has a help text with examples', async () => {
    const helps = [
      [],
      ['put'],
      ['scan'],
      ['cluster'],
      ['cluster', 'up'],
      ['cluster', 'kill'],
      ['node', 'start'],
      ['range', 'list'],
    ]
    for (const words of [...helps, ['tour'], ['version']]) {
      const { code, stdout } = await runCli([...words, '--help'])
      expect(code).toBe(0)
      expect(stdout).toMatch(words.length === 0 ? /First steps:/ : /Examples:\n {2}\$ base-kv /)
    }
  })
})

describe('wrong configuration exits 78', () => {
  const folder = temporaryFolder()
  afterAll(() => folder.remove())
  const start = (yaml: string) => {
    const file = join(folder.path, 'node.yaml')
    writeFileSync(file, yaml)
    return runCli(['node', 'start', '--config', file])
  }

  test.each([
    ['broken YAML', 'node:\n  name: [n1\n', /node\.yaml:\d+:\d+/],
    ['an unknown key', 'node:\n  nmae: n1\ndataDir: d\n', /node\.yaml:2:3: .*nmae.*name/],
    ['a wrong type', 'node:\n  name: n1\ndataDir: d\nraft:\n  tickMs: fast\n', /node\.yaml:5:11: .*tickMs/],
    ['a missing key', 'node:\n  name: n1\n', /dataDir/],
    ['an open address without TLS', 'node:\n  name: n1\ndataDir: d\nrpc:\n  bind: "0.0.0.0:7701"\n', /insecure/],
    ['a TLS file that is not there', 'node:\n  name: n1\ndataDir: d\ntls:\n  ca: a\n  cert: b\n  key: c\n', /tls\.\w+/],
  ])('%s', async (_, yaml, text) => expectError(await start(yaml), 78, text))

  test('no such file', async () => {
    expectError(await runCli(['node', 'start', '--config', '/nowhere/node.yaml']), 78, /\/nowhere\/node\.yaml/)
  })

  test('no cluster in the folder', async () => {
    expectError(await runCli(['cluster', 'status', '--data', join(folder.path, 'none')]), 78, /cluster up/)
  })
})

describe('a taken port exits 78 and names it', () => {
  let basePort = 0
  let server: Server
  const folder = temporaryFolder()
  beforeAll(async () => {
    basePort = await freeBasePort(3)
    server = createServer()
    await new Promise<void>((resolve) => server.listen(basePort + 2, '127.0.0.1', resolve))
  })
  afterAll(() => {
    server.close()
    folder.remove()
  })

  test('cluster up: names port and --base-port, starts nothing', async () => {
    const ended = await runCli(['cluster', 'up', '--detach', '--data', folder.path, '--base-port', String(basePort)])
    expectError({ ...ended, stderr: ended.stderr }, 78, new RegExp(`port ${basePort + 2}.*n2.*--base-port`))
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('node start', async () => {
    const file = join(folder.path, 'node.yaml')
    writeFileSync(file, `node:\n  name: n1\ndataDir: data\nrpc:\n  bind: "127.0.0.1:${basePort + 2}"\n`)
    expectError(await runCli(['node', 'start', '--config', file]), 78, new RegExp(`${basePort + 2}`))
  })
})

describe('a data folder', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await TestCluster.up()
    await cluster.ok(['put', 'kept', 'yes'])
  })
  afterAll(() => cluster?.close())

  /** A node of its own that wants to use the folder `data`. */
  const intruder = async (data: string, name: string, clusterName: string) => {
    const folder = join(cluster.folder, 'intruder')
    mkdirSync(folder, { recursive: true })
    const port = await freeBasePort(1)
    const file = join(folder, 'node.yaml')
    const yaml = `node:\n  name: ${name}\ncluster:\n  name: ${clusterName}\ndataDir: ${data}\nrpc:\n  bind: "127.0.0.1:${port}"\n`
    writeFileSync(file, yaml)
    return runCli(['node', 'start', '--config', file], { withinMs: 20_000 })
  }

  test('that a live process uses is refused, and the process goes on', async () => {
    expectError(
      await intruder(join(cluster.folder, 'n1/data'), 'n1', 'local'),
      78,
      /is locked by process \d+; stop that process/,
    )
    expect(await cluster.ok(['get', 'kept'])).toBe('yes\n')
  })

  test('of another cluster or another node is refused', async () => {
    await cluster.ok(['cluster', 'stop', 'n3'])
    const data = join(cluster.folder, 'n3/data')
    expectError(await intruder(data, 'n3', 'elsewhere'), 78, /belongs to cluster "local", not "elsewhere"/)
    expectError(await intruder(data, 'n1', 'local'), 78, /belongs to node "n3", not "n1"/)
    await cluster.ok(['cluster', 'start', 'n3'])
    await cluster.caughtUp('n3')
  })

  test('with a flipped bit in its log is noticed; the others keep every write', async () => {
    await cluster.ok(['cluster', 'start', 'n3'])
    for (let i = 0; i < 10; i++) await cluster.ok(['put', `k${i}`, 'v'.repeat(200)])
    await cluster.caughtUp('n3')
    await cluster.ok(['cluster', 'kill', 'n3'])
    const logs = join(cluster.folder, 'n3/data/stores/kv.store/log')
    const [largest] = readdirSync(logs)
      .filter((name) => name.endsWith('.log'))
      .map((name) => join(logs, name))
      .sort((a, b) => statSync(b).size - statSync(a).size)
    const bytes = readFileSync(largest!)
    expect(bytes.length).toBeGreaterThan(100)
    bytes[60]! ^= 0x10
    writeFileSync(largest!, bytes)

    const started = await cluster.run(['cluster', 'start', 'n3'])
    const said = started.stderr + cluster.logText('n3') + (await cluster.ok(['range', 'list', '-o', 'table']))
    expect(said).toMatch(/damage|corrupt/i)
    expect(await cluster.ok(['get', 'kept'])).toBe('yes\n')
    await cluster.ok(['put', 'more', 'goes on'])
  })
})
