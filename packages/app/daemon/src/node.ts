/**
 * One node, put together: what is opened in which order, and closed in the reverse one. Everything that reaches the real
 * machine (disk, sockets, time, chance) is handed in here.
 */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { type HostId, hostId, type KvError, type Log } from '@base-kv/base'
import { KvCoprocessor, kvService } from '@base-kv/kv-store'
import { clusterService, Overlay } from '@base-kv/overlay'
import { defaultRaftOptions } from '@base-kv/raft'
import { defaultCompactionOptions } from '@base-kv/range'
import { type RpcServer, peerService, readTls, type ServiceTable, startRpcServer } from '@base-kv/rpc'
import {
  bootstrapWhenEmpty,
  defaultGatewayOptions,
  describeStores,
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

/** The store whose confirmed epoch is the cluster's identity. */
const IDENTITY_STORE = 'kv.store'

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
    const ready = { gateway: null as Gateway | null, overlay: null as Overlay | null }
    const changed = () => {
      ready.gateway?.retryParked()
      ready.overlay?.changed()
    }
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
        changed,
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

    const about = {
      version: VERSION,
      adminAddress: config.admin.bind,
      pid: process.pid,
      uptimeMs: () => realClock.monotonicMs() - startedMs,
    }
    const overlay: Overlay = new Overlay(
      {
        host,
        cluster: config.cluster.name,
        address,
        seeds: config.cluster.seeds,
        secret: config.cluster.secret,
        proposalsFile: join(config.dataDir, 'proposals.json'),
        ...(tls ? { tls } : {}),
      },
      {
        clock: realClock,
        timers: realTimers,
        random: realRandom,
        log,
        describe: () => {
          const epoch = confirmedEpoch(stores)
          if (epoch !== null) overlay.setEpoch(epoch)
          return describeStores(about, { stores, storages })
        },
        onChange: () => peers.meet(othersOf(overlay)),
      },
    )
    ready.overlay = overlay

    const services: ServiceTable[] = [
      kvService(gateway),
      storeService(about, { stores, storages, peers }),
      overlay.service,
      clusterService(overlay),
      peerService(peers.handlers, { log }),
      { bidi: { [FORWARD_PATH]: forwardHandler(gateway) } },
    ]
    const server = await startRpcServer({ bind: config.rpc.bind, services, log, ...(tls ? { tls } : {}) })
    stopSteps.add('calls and connections', () => server.close(CALLS_END_MS))
    serving(server, true)
    peers.start()
    await overlay.start(server.address)
    stopSteps.add('goodbye to the cluster', () => overlay.leave())
    for (const store of stores.values()) {
      // It only joins.
      if (config.bootstrap.expect === 0) continue
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

/** Dead ones too: a node that gossip does not reach may still be reached. */
function othersOf(overlay: Overlay): string[] {
  return overlay
    .members()
    .slice(1)
    .flatMap(({ address, state }) => (state === 'left' ? [] : address))
}

/** The cluster's identity: no packet of another one is taken. */
function confirmedEpoch(stores: ReadonlyMap<string, Store>): bigint | null {
  const epoch = stores.get(IDENTITY_STORE)?.epoch
  return epoch?.confirmed ? BigInt(epoch.epoch) : null
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
