import { createServer } from 'node:net'

/** A base port P with P+1…P+n and P+391…P+390+n free, below the ports that the system gives to outgoing connections. */
export async function freeBasePort(nodes: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const base = 12_000 + Math.floor(Math.random() * 190) * 100
    const wanted = Array.from({ length: nodes }, (_, i) => [base + i + 1, base + 391 + i]).flat()
    if ((await Promise.all(wanted.map(isFree))).every(Boolean)) return base
  }
  throw new Error('no free ports')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)))
  })
}
