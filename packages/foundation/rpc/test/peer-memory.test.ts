import { describe } from '@jest/globals'
import { memoryNetwork, peerService } from '../src/index.ts'
import { peerContract } from './peer-contract.ts'
import { log } from './support.ts'

describe('peers in memory', () => {
  peerContract(async () => {
    const network = memoryNetwork()
    return {
      serve: async (handlers, timing) => {
        const server = network.serve('b', [peerService(handlers, { log, timing })])
        return { close: async () => server.close() }
      },
      link: (options) => network.openPeerLink('a', { ...options, address: 'b' }),
      cut() {
        network.cut('a', 'b')
        network.cut('b', 'a')
      },
      heal() {
        network.heal('a', 'b')
        network.heal('b', 'a')
      },
      close: async () => {},
    }
  })
})
