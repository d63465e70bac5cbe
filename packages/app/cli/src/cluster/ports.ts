import { createServer } from 'node:net'
import { KvError } from '@base-kv/base'

const HOST = '127.0.0.1'
const ADMIN_OFFSET = 390

export interface NodePorts {
  readonly name: string
  readonly rpc: string
  readonly admin: string
}

/** Node i, from 1: gRPC on P+i, admin on P+390+i. @throws KvError BadRequest */
export function portsOf(basePort: number, count: number): NodePorts[] {
  if (basePort < 1 || basePort + ADMIN_OFFSET + count > 65_535) {
    throw new KvError('BadRequest', `--base-port ${basePort} leaves no room for ${count} nodes`, {
      hint: `node i takes P+i and P+${ADMIN_OFFSET}+i, at most 65535`,
    })
  }
  return Array.from({ length: count }, (_, index) => ({
    name: `n${index + 1}`,
    rpc: `${HOST}:${basePort + index + 1}`,
    admin: `${HOST}:${basePort + ADMIN_OFFSET + index + 1}`,
  }))
}

/** @throws KvError BadConfig that names the first taken port */
export async function needFreePorts(nodes: readonly NodePorts[]): Promise<void> {
  for (const node of nodes) {
    for (const [what, address] of [
      ['gRPC', node.rpc],
      ['the admin API', node.admin],
    ] as const) {
      if (await isFree(portOf(address))) continue
      throw new KvError('BadConfig', `port ${portOf(address)}, which ${node.name} wants for ${what}, is taken`, {
        hint: 'stop what listens there (another cluster?), or choose other ports with --base-port',
      })
    }
  }
}

const portOf = (address: string): number => Number(address.slice(address.lastIndexOf(':') + 1))

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: HOST, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
