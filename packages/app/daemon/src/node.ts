/**
 * One node, put together: what is opened in which order, and closed in the reverse one. Everything that reaches the real
 * machine (disk, sockets, time, chance) is handed in here.
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type HostId, hostId, type KvError, type Log } from '@base-kv/base'
import { KvCoprocessor, kvService } from '@base-kv/kv-store'
import { defaultRaftOptions } from '@base-kv/raft'
import { defaultCompactionOptions } from '@base-kv/range'
import { type RpcServer, peerService, readTls, type ServiceTable, startRpcServer } from '@base-kv/rpc'
import {
  bootstrapWhenEmpty,
  defaultGatewayOptions,
  FORWARD_PATH,
  forwardHandler,
  Gateway,
  NodePeers,
  storeService,
} from '@base-kv/server'
import { openStorage, type Storage } from '@base-kv/storage'
import { Store } from '@base-kv/store'
import type { NodeConfig } from './config/index.ts'
import { checkOwner, claimFolder } from './data-folder-owner.ts'
import { MainThread } from './main-thread.ts'
import { realClock, realLoopBusyMs, realRandom, realTimers } from './real-doors.ts'
import { StopSteps } from './stop-steps.ts'

/** The release; the package.json files carry the same. */
export const VERSION = '0.1.0'

/** How long a stopping node tries to hand its leaderships over, and then lets running calls end. */
const HAND_OVER_MS = 3_000
const CALLS_END_MS = 2_000

export interface NodeDeps {
  readonly log: Log
  /** A storage write failed: nothing more is acknowledged; the process must end now, with exit code 74. */
  onPoison(error: KvError): void
}

export interface RunningNode {
  readonly name: string
  readonly host: HostId
  /** `host:port` that it listens on. */
  readonly address: string
  readonly gateway: Gateway
  readonly stores: ReadonlyMap<string, Store>
  /** Hands leaderships over, ends running calls, closes everything. */
  stop(): Promise<void>
  /** What a running stop is busy with; empty when none runs. */
  readonly stopsAt: string
}

/** @throws KvError BadConfig: port taken, data folder locked or of another cluster; Corrupt; StorageFailed */
export async function startNode(config: NodeConfig, deps: NodeDeps): Promise<RunningNode> {
  const startedMs = realClock.monotonicMs()
  const log = deps.log.child({ node: config.node.name })
  const host = hostId(randomUUID())
  const address = config.rpc.advertise ?? config.rpc.bind
  const tls = config.tls ? await readTls(config.tls) : undefined
  const stopSteps = new StopSteps()

  try {
    const storages = new Map<string, Storage>()
    const stores = new Map<string, Store>()
    const ready = { gateway: null as Gateway | null }
    const peers = new NodePeers(
      {
        cluster: config.cluster.name,
        host,
        node: config.node.name,
        address,
        peers: config.cluster.seeds,
        expect: config.bootstrap.expect,
        ...(tls ? { tls } : {}),
      },
      { log, stores, onChange: () => ready.gateway?.retryParked() },
    )
    stopSteps.add('links to peers', () => peers.close())

    const busy = new MainThread(realTimers)
    stopSteps.add('a look at the main thread', () => busy.close())

    await checkOwner(config.dataDir, config.node.name)
    for (const name of config.stores) {
      const storage = await openStorage(storageOptions(config, name, deps.onPoison), {
        clock: realClock,
        timers: realTimers,
        log: log.child({ store: name }),
      })
      stopSteps.add(`storage of ${name}`, () => storage.close())
      storages.set(name, storage)
      const store = new Store(storeOptions(config, name, host, address), {
        storage,
        clock: realClock,
        timers: realTimers,
        random: realRandom,
        log: log.child({ store: name }),
        transport: peers,
        soon: (run) => void setImmediate(run),
        makeCoprocessor: () => new KvCoprocessor({ valueBytesMax: config.limits.valueBytesMax }),
        cpuUsage: () => busy.share,
        loopBusyMs: realLoopBusyMs,
        changed: () => ready.gateway?.retryParked(),
      })
      stopSteps.add(`store ${name}`, () => store.close())
      stores.set(name, store)
    }

    await claimFolder(config.dataDir, config.node.name)

    const gateway = new Gateway(defaultGatewayOptions, {
      stores,
      forwarder: peers,
      clock: realClock,
      timers: realTimers,
    })
    ready.gateway = gateway
    stopSteps.add('gateway', () => gateway.close())

    const services: ServiceTable[] = [
      kvService(gateway),
      storeService(
        {
          version: VERSION,
          adminAddress: config.admin.bind,
          pid: process.pid,
          uptimeMs: () => realClock.monotonicMs() - startedMs,
        },
        { stores, storages, peers },
      ),
      peerService(peers.handlers, { log }),
      { bidi: { [FORWARD_PATH]: forwardHandler(gateway) } },
    ]
    const server = await startRpcServer({ bind: config.rpc.bind, services, log, ...(tls ? { tls } : {}) })
    stopSteps.add('calls and connections', () => server.close(CALLS_END_MS))
    serving(server, true)
    peers.start()
    for (const store of stores.values()) {
      const stopBootstrap = bootstrapWhenEmpty(
        { address, peers: config.cluster.seeds },
        { store, peers, timers: realTimers, log },
      )
      stopSteps.add('bootstrap', stopBootstrap)
    }
    stopSteps.add('leaderships', async () => {
      for (const store of stores.values()) await store.handOver(HAND_OVER_MS)
    })
    log.info('serves', { address: server.address, version: VERSION, pid: process.pid })

    let stopping: Promise<void> | null = null
    return {
      name: config.node.name,
      host,
      address: server.address,
      gateway,
      stores,
      get stopsAt() {
        return stopSteps.current
      },
      stop() {
        stopping ??= (async () => {
          serving(server, false)
          await stopSteps.run()
          log.info('stopped')
        })()
        return stopping
      },
    }
  } catch (thrown) {
    await stopSteps.run().catch((error: unknown) => log.warn('could not close everything', { error: String(error) }))
    throw thrown
  }
}

function serving(server: RpcServer, on: boolean): void {
  for (const service of ['', 'basekv.v1.KV', 'basekv.v1.BaseKVStore']) server.setHealth(service, on)
}

function storageOptions(config: NodeConfig, name: string, onPoison: (error: KvError) => void) {
  const { storage } = config
  return {
    directory: join(config.dataDir, 'stores', name),
    cluster: config.cluster.name,
    onPoison,
    flushAgeMs: storage.flushAgeMs,
    flushBytesSoft: storage.flushBytes,
    diskFreeBytesMin: storage.diskFreeBytesMin,
    ballastBytes: storage.ballastBytes,
    logCacheBytes: storage.logCacheBytes,
  }
}

function storeOptions(config: NodeConfig, name: string, host: HostId, address: string) {
  const { raft } = config
  return {
    name,
    node: config.node.name,
    host,
    address,
    // kv.store is the only one so far.
    attributes: config.kvStoreConfig.attributes,
    tickMs: raft.tickMs,
    range: {
      raft: {
        ...defaultRaftOptions,
        electionTimeoutMs: raft.electionTimeoutMs,
        heartbeatIntervalMs: raft.heartbeatIntervalMs,
        lease: raft.lease,
      },
      compaction: defaultCompactionOptions,
    },
  }
}
