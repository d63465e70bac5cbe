import { describe, expect, test, afterAll } from '@jest/globals'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KvError } from '@base-kv/base'
import { defaultText, environmentName, loadNodeConfig, schema } from '../src/config/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'base-kv-config-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
function write(text: string | Uint8Array): string {
  const file = join(folder, `c${++files}.yaml`)
  writeFileSync(file, text)
  return file
}

const minimal = 'node: { name: n1 }\ndataDir: d\n'

/** The refusal of a file, with the folder cut off its name: "FILE:line:column: what; hint". */
function refusal(
  text: string | Uint8Array,
  env: Record<string, string> = {},
  overrides: Record<string, unknown> = {},
): string {
  const file = write(text)
  try {
    loadNodeConfig({ file, env, overrides })
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(KvError)
    const error = thrown as KvError
    expect(error.code).toBe('BadConfig')
    expect(error.message).not.toContain('\n')
    return `${error.message}; ${error.hint}`.replaceAll(file, 'FILE').replaceAll(folder, 'FOLDER')
  }
  throw new Error('was not refused')
}

describe('a file that is fine', () => {
  test('attributes are any names with texts, from the file or the environment', () => {
    const attributes = { zone: 'west', 'rack.row': 'seven=7' }
    const file = write(`${minimal}kvStoreConfig:\n  attributes: { zone: west, rack.row: "seven=7" }\n`)
    expect(loadNodeConfig({ file, env: {} }).kvStoreConfig).toEqual({ attributes })
    const env = { BASE_KV_KV_STORE_CONFIG_ATTRIBUTES: 'zone=west, rack.row=seven=7' }
    expect(loadNodeConfig({ file: write(minimal), env }).kvStoreConfig).toEqual({ attributes })
  })

  test('a minimal one: everything else has its default', () => {
    const config = loadNodeConfig({ file: write(minimal), env: {} })
    expect(config).toEqual({
      node: { name: 'n1' },
      cluster: { name: 'base-kv', seeds: [], secret: null },
      bootstrap: { expect: 1 },
      stores: ['kv.store'],
      dataDir: join(folder, 'd'),
      rpc: { bind: '127.0.0.1:7701', advertise: null },
      admin: { bind: '127.0.0.1:8091' },
      tls: null,
      insecure: false,
      raft: { tickMs: 50, electionTimeoutMs: 500, heartbeatIntervalMs: 100, lease: false },
      storage: {
        flushAgeMs: 50,
        flushBytes: 4 << 20,
        diskFreeBytesMin: 256 << 20,
        ballastBytes: 64 << 20,
        logCacheBytes: 16 << 20,
      },
      kvStoreConfig: { attributes: {} },
      limits: { valueBytesMax: 1 << 20 },
      log: { level: 'info' },
    })
    expect(Object.isFrozen(config.raft)).toBe(true)
  })

  test('the sample in docs', () => {
    const config = loadNodeConfig({
      file: new URL('../../../../docs/node.example.yaml', import.meta.url).pathname,
      env: {},
    })
    expect(config.cluster.seeds).toHaveLength(3)
    expect(config.bootstrap.expect).toBe(3)
  })

  test('peers are seeds, and the node is one of them', () => {
    const text = `${minimal}rpc: { bind: "127.0.0.1:1" }\ncluster:\n  peers: ["a.example:7701", "[::1]:7702"]\nbootstrap: {expect: 3}\n`
    expect(loadNodeConfig({ file: write(text), env: {} }).cluster.seeds).toEqual([
      'a.example:7701',
      '[::1]:7702',
      '127.0.0.1:1',
    ])
  })

  test('bytes with units, empty sections, anchors', () => {
    const text = `${minimal}limits: { valueBytesMax: 2 MiB }\nraft:\nstorage: { flushBytes: &a 65536, ballastBytes: *a }\n`
    const config = loadNodeConfig({ file: write(text), env: {} })
    expect(config.limits.valueBytesMax).toBe(2 << 20)
    expect(config.storage.ballastBytes).toBe(65_536)
  })

  test('a flag wins over the environment, the environment over the file', () => {
    const file = write(
      `${minimal}raft: { electionTimeoutMs: 600 }\nlog: { level: warn }\nrpc: { bind: "127.0.0.1:1" }\n`,
    )
    const env = {
      BASE_KV_RPC_BIND: '127.0.0.1:2',
      BASE_KV_RAFT_ELECTION_TIMEOUT_MS: '700',
      BASE_KV_RAFT_LEASE: 'true',
      BASE_KV_LIMITS_VALUEBYTESMAX: '3 MiB',
      BASE_KV_CLUSTER_PEERS: '127.0.0.1:3, 127.0.0.1:4',
      BASE_KV_BOOTSTRAP_EXPECT: '2',
      BASE_KV_LOG_LEVEL: '',
      BASE_KV_ENDPOINTS: 'elsewhere:1',
      BASE_KV_DATA: '/elsewhere',
    }
    const config = loadNodeConfig({ file, env, overrides: { 'rpc.bind': '127.0.0.1:3', dataDir: undefined } })
    expect(config.rpc.bind).toBe('127.0.0.1:3')
    expect(config.raft).toMatchObject({ electionTimeoutMs: 700, lease: true })
    expect(config.limits.valueBytesMax).toBe(3 << 20)
    expect(config.cluster.seeds).toEqual(['127.0.0.1:3', '127.0.0.1:4'])
    expect(config.log.level).toBe('warn')
  })

  test('without a file, from the environment alone', () => {
    const config = loadNodeConfig({ env: { BASE_KV_NODE_NAME: 'x', BASE_KV_DATADIR: '/tmp/x' } })
    expect([config.node.name, config.dataDir]).toEqual(['x', '/tmp/x'])
  })

  test('other machines may reach it with TLS, or on purpose without', () => {
    for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, name), '')
    const open = `${minimal}rpc: { bind: "0.0.0.0:7701", advertise: "n1.example:7701" }\n`
    const tls = loadNodeConfig({ file: write(`${open}tls: { ca: ca, cert: cert, key: key }\n`), env: {} })
    expect(tls.tls).toEqual({ ca: join(folder, 'ca'), cert: join(folder, 'cert'), key: join(folder, 'key') })
    expect(loadNodeConfig({ file: write(open), env: { BASE_KV_INSECURE: 'true' } }).insecure).toBe(true)
  })

  test('every key of the schema reaches the configuration and has a variable of its own', () => {
    const config = loadNodeConfig({ file: write(minimal), env: {} }) as unknown as Record<
      string,
      Record<string, unknown>
    >
    for (const { key } of schema) {
      const [section = '', leaf] = key.split('.')
      if (section !== 'tls') expect(leaf === undefined ? config[section] : config[section]?.[leaf]).toBeDefined()
    }
    expect(new Set(schema.map(({ key }) => environmentName(key))).size).toBe(schema.length)
    expect(schema.map(defaultText)).not.toContain('')
  })
})

describe('a file that is refused says where, what, and what to do', () => {
  test.each<[string, string, string]>([
    [
      'unknown key',
      `${minimal}rpc:\n  bnd: 127.0.0.1:1\n`,
      'FILE:4:3: unknown key "rpc.bnd"; did you mean "rpc.bind"?',
    ],
    ['unknown section', `${minimal}clutser: {}\n`, 'FILE:3:1: unknown key "clutser"; did you mean "cluster"?'],
    [
      'key under the wrong section',
      `${minimal}node2: 1\n`.replace('node2: 1', 'rpc: { seeds: [] }'),
      'FILE:3:8: unknown key "rpc.seeds"; did you mean "cluster.seeds"?',
    ],
    [
      'nothing near',
      `${minimal}raft: { xyzzyplugh: 1 }\n`,
      'FILE:3:9: unknown key "raft.xyzzyplugh"; known below raft: tickMs, heartbeatIntervalMs, electionTimeoutMs, lease',
    ],
    [
      'dotted key',
      `${minimal}rpc.bind: 127.0.0.1:1\n`,
      'FILE:3:1: unknown key "rpc.bind"; write "rpc:" and, indented below it, "bind: ..."',
    ],
    [
      'key twice',
      `${minimal}node: { name: n2 }\n`,
      'FILE:3:1: the key "node" stands here a second time; keep one of the two',
    ],
    [
      'alias and key',
      `${minimal}cluster: { seeds: [], peers: [] }\n`,
      'FILE:3:23: cluster.peers and cluster.seeds are the same key; keep cluster.seeds only',
    ],
    [
      'broken YAML',
      `${minimal}rpc: { bind: "x\n`,
      'FILE:4:1: this is not valid YAML: Missing closing "quote; mend the file at this place',
    ],
    [
      'not a map',
      '- a\n',
      'FILE:1:1: the file is ["a"]; allowed: a section with node, cluster, bootstrap, stores, dataDir, rpc, admin, tls, insecure, raft, storage, kvStoreConfig, limits, log; write one "name: value" a line, indented below its section',
    ],
    [
      'section that is no section',
      `${minimal}rpc: 127.0.0.1:1\n`,
      'FILE:3:6: rpc is "127.0.0.1:1"; allowed: a section with bind, advertise; write one "name: value" a line, indented below its section',
    ],
    [
      'missing key',
      'node: { name: n1 }\n',
      'FILE:1:1: dataDir is missing; set it in the file, or BASE_KV_DATA_DIR in the environment',
    ],
    ['empty file', '', 'FILE:1:1: node.name is missing; set it in the file, or BASE_KV_NODE_NAME in the environment'],
    [
      'no value',
      `${minimal}log: { level: }\n`,
      'FILE:3:15: log.level is empty; allowed: debug, info, warn, error, silent; or leave it out: the default is info',
    ],
    [
      'out of range',
      `${minimal}limits:\n  valueBytesMax: 4 MiB\n`,
      'FILE:4:18: limits.valueBytesMax is "4 MiB"; allowed: bytes from 1 to 3 MiB, such as 65536 or "4 MiB"; or leave it out: the default is 1 MiB',
    ],
    [
      'not an integer',
      `${minimal}raft: { tickMs: 1.5 }\n`,
      'FILE:3:17: raft.tickMs is 1.5; allowed: an integer from 5 to 1000; or leave it out: the default is 50',
    ],
    [
      'yes is not true',
      `${minimal}insecure: yes\n`,
      'FILE:3:11: insecure is "yes"; allowed: true or false; or leave it out: the default is false',
    ],
    [
      'a name that is a number',
      'node: { name: 1 }\ndataDir: d\n',
      'FILE:1:15: node.name is 1; allowed: a name of 1 to 64 letters, digits, ".", "_" and "-", beginning and ending with a letter or digit; put it in quotes',
    ],
    [
      'address without port',
      `${minimal}rpc: { bind: localhost }\n`,
      'FILE:3:14: rpc.bind is "localhost"; allowed: host:port, or "[ipv6]:port", with a port from 1 to 65535; or leave it out: the default is 127.0.0.1:7701',
    ],
    [
      'one seed in place of a list',
      `${minimal}cluster: { seeds: "a:1" }\n`,
      'FILE:3:19: cluster.seeds is "a:1"; allowed: a list of host:port, each once; or leave it out: the default is []',
    ],
    [
      'seed twice',
      `${minimal}cluster: { seeds: ["a:1", "a:1"] }\n`,
      'FILE:3:19: cluster.seeds is ["a:1","a:1"]; allowed: a list of host:port, each once; remove the repetition',
    ],
    [
      'advertise everywhere',
      `${minimal}rpc: { advertise: "0.0.0.0:1" }\n`,
      'FILE:3:19: rpc.advertise is "0.0.0.0:1", which nobody can dial; set it to a name or address of this machine that the other nodes reach',
    ],
    [
      'bind everywhere without advertise',
      `${minimal}insecure: true\nrpc: { bind: "[::]:1" }\n`,
      'FILE:4:14: rpc.bind is "[::]:1", which nobody can dial, and rpc.advertise is not set; set rpc.advertise to the name or address, with the port, that the other nodes reach',
    ],
    [
      'reachable without TLS',
      `${minimal}rpc: { bind: "0.0.0.0:7701", advertise: "n1:7701" }\n`,
      'FILE:3:14: rpc.bind is "0.0.0.0:7701", which other machines reach, and there is no TLS; set tls.ca, tls.cert and tls.key, or "insecure: true" (BASE_KV_INSECURE=true) on purpose',
    ],
    [
      'admin reachable without TLS',
      `${minimal}admin: { bind: "10.0.0.1:80" }\n`,
      'FILE:3:16: admin.bind is "10.0.0.1:80", which other machines reach, and there is no TLS; set tls.ca, tls.cert and tls.key, or "insecure: true" (BASE_KV_INSECURE=true) on purpose',
    ],
    [
      'one port for two',
      `${minimal}admin: { bind: "127.0.0.1:7701" }\n`,
      'FILE:3:16: admin.bind and rpc.bind are both 127.0.0.1:7701; give one of them another port',
    ],
    [
      'TLS in part',
      `${minimal}tls: { ca: ca.pem }\n`,
      'FILE:3:12: tls.cert and tls.key are missing: tls wants ca, cert and key together; set tls.cert and tls.key, or leave out tls.ca',
    ],
    [
      'TLS file absent',
      `${minimal}tls: { ca: no.pem, cert: b, key: c }\n`,
      'FILE:3:12: tls.ca is "FOLDER/no.pem": no such file; name a readable PEM file',
    ],
    [
      'heartbeat too slow',
      `${minimal}raft: { heartbeatIntervalMs: 250 }\n`,
      'FILE:3:30: raft.electionTimeoutMs is 500, not longer than 2 × raft.heartbeatIntervalMs, 500; lengthen the election time-out or shorten the heartbeat: one lost heartbeat must not cost an election',
    ],
    [
      'tick too slow',
      `${minimal}raft: { tickMs: 200 }\n`,
      'FILE:3:17: raft.tickMs is 200, longer than raft.heartbeatIntervalMs, 100; shorten the tick or lengthen the heartbeat',
    ],
    [
      'expect not said',
      `${minimal}cluster: { peers: ["127.0.0.1:7701", "b:1", "c:1"] }\n`,
      'FILE:3:19: bootstrap.expect is missing: with cluster.seeds it is never guessed; set bootstrap.expect to the number of nodes that begin the cluster, such as 3; the same on each of them',
    ],
    [
      'expect more than are listed',
      `${minimal}bootstrap: { expect: 3 }\n`,
      'FILE:3:22: bootstrap.expect is 3, but cluster.seeds, with this node, names 1; list all 3 nodes in cluster.seeds, or lower bootstrap.expect',
    ],
    [
      'a store of a later service',
      `${minimal}stores: [kv.store, dist.worker]\n`,
      'FILE:3:9: stores names "dist.worker", whose service this version does not have yet; leave it out; hosted by this version: kv.store',
    ],
    [
      'an unknown store',
      `${minimal}stores: [kv]\n`,
      'FILE:3:9: stores is ["kv"]; allowed: a list with kv.store; or leave it out: the default is [kv.store]',
    ],
    [
      'a balancer section',
      `${minimal}kvStoreConfig: { balanceConfig: {} }\n`,
      'FILE:3:18: kvStoreConfig.balanceConfig is not accepted by this version: it has no balancers yet; remove the section',
    ],
    [
      'an attribute that is no text',
      `${minimal}kvStoreConfig: { attributes: { zone: 7 } }\n`,
      'FILE:3:30: kvStoreConfig.attributes is {"zone":7}; allowed: up to 32 names, each with a text of up to 256 characters; or leave it out: the default is {}',
    ],
    [
      'a secret is not shown',
      `${minimal}cluster: { secret: "" }\n`,
      'FILE:3:20: cluster.secret is not shown here; allowed: a text of 1 to 256 characters; or leave it out: the default is none',
    ],
  ])('%s', (_, text, message) => {
    expect(refusal(text)).toBe(message)
  })

  test('a file that is not there, a folder, and one that is not text', () => {
    const hint = 'name a readable YAML file in UTF-8; docs/configuration.md prints a minimal one'
    expect(() => loadNodeConfig({ file: 'no/such.yaml', env: {} })).toThrow(
      'no/such.yaml: cannot be read: no such file',
    )
    mkdirSync(join(folder, 'sub'))
    expect(() => loadNodeConfig({ file: join(folder, 'sub'), env: {} })).toThrow(/cannot be read: it is a folder$/)
    expect(refusal(new Uint8Array([0xff, 0xfe, 0x00]))).toBe(`FILE: cannot be read: it is not UTF-8 text; ${hint}`)
  })

  test('wrong variables and flags are named', () => {
    expect(refusal(minimal, { BASE_KV_RAFT_TICK_MS: 'soon' })).toBe(
      'environment BASE_KV_RAFT_TICK_MS: raft.tickMs is "soon"; allowed: an integer from 5 to 1000; or leave it out: the default is 50',
    )
    expect(refusal(minimal, { BASE_KV_RPC_BINDD: '127.0.0.1:1' })).toBe(
      'environment BASE_KV_RPC_BINDD: no key has this name; did you mean BASE_KV_RPC_BIND?',
    )
    expect(refusal(minimal, { BASE_KV_DATA_DIR: '/a', BASE_KV_DATADIR: '/b' })).toBe(
      'environment BASE_KV_DATADIR: dataDir is set twice, here and as BASE_KV_DATA_DIR; keep BASE_KV_DATA_DIR only',
    )
    expect(refusal(minimal, {}, { 'rpc.bid': 1 })).toBe('command line: unknown key "rpc.bid"; did you mean "rpc.bind"?')
    expect(refusal(minimal, {}, { 'rpc.bind': 'x' })).toContain('command line: rpc.bind is "x"; allowed: host:port')
  })
})

test('docs/configuration.md names every key', () => {
  const page = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8')
  for (const { key } of schema) expect(page).toContain(`\`${key}\``)
})
