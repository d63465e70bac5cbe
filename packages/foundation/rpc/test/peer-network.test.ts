import { describe } from '@jest/globals'
import { openPeerLink, parseAddress, peerService, startRpcServer } from '../src/index.ts'
import { peerContract } from './peer-contract.ts'
import { stallProxy } from './stall-proxy.ts'
import { log } from './support.ts'

describe('peers over sockets', () => {
  peerContract(async () => {
    let port = 0
    const proxy = await stallProxy(() => port)
    return {
      serve: async (handlers, timing) => {
        const services = [peerService(handlers, { log, timing })]
        const server = await startRpcServer({ bind: `127.0.0.1:${port}`, log, services })
        port = parseAddress(server.address).port
        return { close: () => server.close(0) }
      },
      link: (options) => openPeerLink({ ...options, address: `127.0.0.1:${proxy.port}` }),
      cut: () => proxy.stall(),
      heal: () => proxy.flow(),
      close: () => proxy.close(),
    }
  })
})
