/** Who is in the cluster and what its stores say, as each of its processes sees it. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { TestCluster } from '../harness/cluster.ts'
import { until } from '../harness/until.ts'

interface Member {
  readonly node: string
  readonly hostId: string
  readonly state: string
  readonly incarnation: number
}

describe('a cluster that knows itself', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await TestCluster.up()
  })
  afterAll(async () => {
    await cluster?.close()
  })

  const at = (name: string) => cluster.node(name).rpc
  const members = async (endpoint: string): Promise<Member[]> =>
    JSON.parse(await cluster.ok(['members', '--endpoints', endpoint])) as Member[]
  const states = async (endpoint: string): Promise<string> =>
    (await members(endpoint)).map(({ node, state }) => `${node} ${state}`).join(', ')
  const sees = (endpoint: string, wanted: string) =>
    until(`${endpoint} sees ${wanted}`, async () => (await states(endpoint)) === wanted)

  test('all nodes tell the same members and the same stores', async () => {
    for (const name of ['n1', 'n2', 'n3']) await sees(at(name), 'n1 alive, n2 alive, n3 alive')
    const landscapes = async () => {
      const all = []
      for (const name of ['n1', 'n2', 'n3'])
        all.push(await cluster.ok(['landscape', '--endpoints', at(name), '-o', 'raw']))
      return all
    }
    await until('all landscapes are equal', async () => {
      const all = await landscapes()
      return all[0]?.split('\n').length === 4 && new Set(all).size === 1
    })
  })

  test('a further node joins, becomes known to all, and gets a replica', async () => {
    expect(await cluster.ok(['cluster', 'add', 'n4'])).toContain('n4 serves')
    const port = cluster.basePort + 4
    const wanted = 'n1 alive, n2 alive, n3 alive, n4 alive'
    for (const endpoint of [at('n1'), at('n2'), at('n3'), `127.0.0.1:${port}`]) await sees(endpoint, wanted)
    await cluster.ok(['put', 'early', 'here'])
    const { id } = await cluster.range()
    const endpoints = [...cluster.endpoints, `127.0.0.1:${port}`].join(',')
    const args = ['range', 'replicas', '--range', id, '--voters', 'n1,n2,n3', '--learners', 'n4', '--timeout', '20s']
    await cluster.ok([...args, '--endpoints', endpoints])
    await until('the new node has the data', async () => {
      const get = ['get', 'early', '--consistency', 'stale', '--endpoints', `127.0.0.1:${port}`]
      return (await cluster.run(get)).stdout === 'here\n'
    })
  })

  test('kill shows as dead within 5 s, the next start as alive under a new id', async () => {
    const before = (await members(at('n1'))).find(({ node }) => node === 'n3')
    const begun = performance.now()
    await cluster.ok(['cluster', 'kill', 'n3'])
    await sees(at('n1'), 'n1 alive, n2 alive, n3 dead, n4 alive')
    // The commands themselves take their time.
    expect(performance.now() - begun).toBeLessThan(8_000)
    await cluster.ok(['cluster', 'start', 'n3'])
    await sees(at('n1'), 'n1 alive, n2 alive, n3 alive, n4 alive')
    const after = (await members(at('n1'))).find(({ node }) => node === 'n3')
    expect(after?.hostId).not.toBe(before?.hostId)
  })

  test('stop shows as left at once', async () => {
    await cluster.ok(['cluster', 'stop', 'n2'])
    expect(await states(at('n1'))).toBe('n1 alive, n2 left, n3 alive, n4 alive')
    await cluster.ok(['cluster', 'start', 'n2'])
    await sees(at('n1'), 'n1 alive, n2 alive, n3 alive, n4 alive')
  })

  test('pause shows as dead, and back with a higher incarnation', async () => {
    await cluster.ok(['cluster', 'pause', 'n3'])
    await sees(at('n1'), 'n1 alive, n2 alive, n3 dead, n4 alive')
    await cluster.ok(['cluster', 'resume', 'n3'])
    await sees(at('n1'), 'n1 alive, n2 alive, n3 alive, n4 alive')
    const back = (await members(at('n1'))).find(({ node }) => node === 'n3')
    expect(back?.incarnation).toBeGreaterThan(0)
  })
})
