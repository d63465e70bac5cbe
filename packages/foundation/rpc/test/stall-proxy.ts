/** A TCP relay that can stop passing bytes on without closing anything: what a network does that loses all packets. */
import { once } from 'node:events'
import * as net from 'node:net'

export async function stallProxy(target: () => number) {
  const sockets = new Set<net.Socket>()
  let stalled = false
  const server = net.createServer({ allowHalfOpen: true }, (near) => {
    const far = net.connect({ port: target(), host: '127.0.0.1', allowHalfOpen: true })
    const relay = (from: net.Socket, to: net.Socket): void => {
      sockets.add(from)
      if (stalled) from.pause()
      from.on('data', (bytes) => {
        if (!to.write(bytes)) from.pause()
      })
      to.on('drain', () => stalled || from.resume())
      from.on('end', () => to.end())
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
    relay(near, far)
    relay(far, near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as net.AddressInfo).port,
    stall() {
      stalled = true
      for (const socket of sockets) socket.pause()
    },
    /** Connections of before stay dead, as after a long cut; new ones pass. */
    flow() {
      stalled = false
      for (const socket of sockets) socket.destroy()
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
