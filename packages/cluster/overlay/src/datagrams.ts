/** The UDP socket, on the same port as gRPC. What cannot be sent is lost, as datagrams are. */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { KvError } from '@base-kv/base'
import { type HostNames, splitAddress } from './host-names.ts'

export interface Datagrams {
  send(to: string, bytes: Uint8Array): void
  close(): Promise<void>
}

/** @throws KvError BadConfig when the port is taken or the address is not this machine's */
export function openDatagrams(
  bind: string,
  deps: { readonly names: HostNames; onDatagram(bytes: Uint8Array): void },
): Promise<Datagrams> {
  const { host, port } = splitAddress(bind)
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4' })
  return new Promise((resolve, reject) => {
    const failed = (error: Error): void => {
      socket.close()
      reject(
        new KvError('BadConfig', `cannot listen for gossip on UDP ${bind}: ${error.message}`, {
          hint: 'gossip uses the port of rpc.bind, TCP and UDP: give this node another one (--base-port for a local cluster)',
          cause: error,
        }),
      )
    }
    socket.once('error', failed)
    socket.bind(port, host, () => {
      socket.off('error', failed)
      // A refused datagram shows up here; the probe that it was part of fails by its own time.
      socket.on('error', () => {})
      socket.on('message', (bytes) => deps.onDatagram(bytes))
      resolve({
        send: (to, bytes) => send(socket, deps.names, to, bytes),
        close: () => new Promise((closed) => socket.close(() => closed())),
      })
    })
  })
}

function send(socket: Socket, names: HostNames, to: string, bytes: Uint8Array): void {
  const known = names.now(to)
  if (known) socket.send(bytes, known.port, known.ip, () => {})
}
