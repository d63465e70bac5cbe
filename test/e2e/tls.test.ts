/** Mutual TLS by configuration and by flags: who shows a certificate of the authority gets answers, nobody else. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { authority } from '../../packages/foundation/rpc/test/certificates.ts'
import { runCli, startCli } from '../harness/cli.ts'
import { freeBasePort } from '../harness/free-ports.ts'
import { temporaryFolder } from '../harness/temporary-folder.ts'
import { until } from '../harness/until.ts'

test('three nodes and the command line over mutual TLS', async () => {
  using folder = temporaryFolder()
  const basePort = await freeBasePort(3)
  const addresses = [1, 2, 3].map((i) => `127.0.0.1:${basePort + i}`)
  const ca = authority('ours')
  const write = (place: string, issuer: typeof ca): string => {
    const path = join(folder.path, place)
    mkdirSync(path, { recursive: true })
    for (const [name, pem] of Object.entries(issuer.issue())) writeFileSync(join(path, `${name}.pem`), pem)
    return path
  }
  const nodes = addresses.map((address, i) => {
    const path = write(`n${i + 1}`, ca)
    const yaml = `node: { name: n${i + 1} }
cluster: { name: tls, peers: [${addresses.map((one) => `"${one}"`).join(', ')}] }
bootstrap: { expect: 3 }
dataDir: data
rpc: { bind: "${address}" }
tls: { ca: ca.pem, cert: cert.pem, key: key.pem }
`
    writeFileSync(join(path, 'node.yaml'), yaml)
    return startCli(['node', 'start', '--config', join(path, 'node.yaml')])
  })
  const flags = (path: string) => ['ca', 'cert', 'key'].flatMap((name) => [`--tls-${name}`, join(path, `${name}.pem`)])
  const own = ['--endpoints', addresses.join(','), ...flags(write('client', ca))]
  const stranger = ['--endpoints', addresses.join(','), ...flags(write('stranger', authority('theirs')))]

  await until('they serve', async () => (await runCli(['put', 'secret', 'yes', ...own])).code === 0)
  expect((await runCli(['get', 'secret', ...own])).stdout).toBe('yes\n')
  expect((await runCli(['range', 'list', ...own])).stdout).toContain('n3')
  for (const wrong of [stranger, ['--endpoints', addresses.join(',')]]) {
    const { code, stdout, stderr } = await runCli(['get', 'secret', '--timeout', '3s', ...wrong])
    expect([69, 78]).toContain(code)
    expect(stdout).toBe('')
    expect(stderr).toMatch(/^error (UNREACHABLE|UNAUTHENTICATED): .+; .+\n$/)
  }
  for (const { child } of nodes) child.kill('SIGTERM')
  const codes = await Promise.all(nodes.map(async ({ ended }) => (await ended).code))
  expect(codes).toEqual([0, 0, 0])
}, 120_000)
