/** Calls about the replica of one store, whoever leads its range: Recover, ZombieQuit, Bootstrap. */
import { KvError, type StoreId, toKvError } from '@base-kv/base'
import { formatVersion } from '@base-kv/landscape'
import { v1 } from '@base-kv/protocol'
import type { Range } from '@base-kv/range'
import type { ServiceTable } from '@base-kv/rpc'
import type { Store } from '@base-kv/store'
import {
  answer,
  asRange,
  asStore,
  management,
  passOn,
  rangeOf,
  readRequest,
  storeOf,
  type StoreServiceDeps,
} from './store-calls.ts'

/** A group that can answer does so at once. */
const QUIT_PATIENCE_MS = 3_000
/** Turns in which a recovered replica elects itself and applies what it has. */
const RECOVERED_TURNS_MAX = 200

export function replicaCalls(deps: StoreServiceDeps): ServiceTable['unary'] {
  const path = (method: string) => `/basekv.v1.BaseKVStore/${method}`
  return {
    [path('Recover')]: (body, call, reply) => {
      void answer(reply, async () => {
        const request = readRequest(() => v1.RecoverRequest.decode(body))
        const store = storeOf(deps, call)
        const survivor = request.storeId === '' ? store.id : asStore(request.storeId)
        const range = rangeOf(store, request.rangeId)
        if (survivor !== store.id) {
          if (deps.peers.channelOf(survivor)) return passOn(deps, call, body, survivor, request.rangeId)
          throw new KvError('TryLater', `store ${survivor} cannot be reached`, { hint: 'is its node running?' })
        }
        try {
          if (range) refuseRecover(deps, store, range, request)
          const before = range?.ver.high ?? 0
          const alone = await store.recover(request.rangeId as Range['id'])
          await serves(alone, before)
          return management('Ok', '', alone)
        } catch (thrown) {
          if (!range) throw thrown
          const { code, message, hint } = toKvError(thrown)
          return management(code, hint ? `${message}; ${hint}` : message, store.range(range.id) ?? range)
        }
      })
    },
    [path('ZombieQuit')]: (body, call, reply) => {
      void answer(reply, async () => {
        const { rangeId } = readRequest(() => v1.ZombieQuitRequest.decode(body))
        const store = storeOf(deps, call)
        const range = rangeOf(store, rangeId)
        const isKnown = range || store.describe({ ids: [asRange(rangeId)] }).ranges.length > 0
        if (!isKnown) throw new KvError('NotFound', `store ${store.id} has no replica of range ${rangeId}`)
        const quit = await store.quitIfDismissed(rangeId as Range['id'], QUIT_PATIENCE_MS)
        const message = quit ? '' : 'the group did not say that this replica is no member: it stays'
        return v1.ZombieQuitReply.encode({ code: 'Ok', quit, message }).finish()
      })
    },
    [path('Bootstrap')]: (body, call, reply) => {
      void answer(reply, async () => {
        const request = readRequest(() => v1.BootstrapRequest.decode(body))
        const store = storeOf(deps, call)
        if (store.epoch === null) await store.bootstrap(votersToBegin(deps, store, request))
        const { epoch, confirmed } = store.epoch ?? { epoch: '', confirmed: false }
        const rangeId = `${epoch}_0`
        const held = request.rangeId === '' || request.rangeId === rangeId
        return v1.BootstrapReply.encode({ held, rangeId, confirmed }).finish()
      })
    },
  }
}

/** @throws KvError */
function refuseRecover({ peers }: StoreServiceDeps, store: Store, range: Range, request: v1.RecoverRequest): void {
  const { acceptDataLoss, verHigh, verLow } = request
  if (!acceptDataLoss) {
    throw new KvError('BadRequest', 'recover may lose what only the lost replicas had', {
      hint: 'say that it is accepted',
    })
  }
  const { ver } = range
  if (verHigh + verLow > 0 && (verHigh !== ver.high || verLow !== ver.low)) {
    throw new KvError('BadVersion', `range ${range.id} has version ${formatVersion(ver)} by now`)
  }
  const lost = (request.lostStores ?? []).map(asStore)
  const answering = new Set(peers.known().flatMap((peer) => (peer.connected ? [peer.store] : [])))
  const others = range.members.map((member) => member.store).filter((one) => one !== store.id)
  const bad = (message: string) => new KvError('BadRequest', message, { hint: 'name exactly those that never return' })
  for (const one of lost) {
    if (!others.includes(one)) throw bad(`store ${one} is no other member of range ${range.id}`)
    if (answering.has(one)) throw bad(`store ${one} answers: it is not lost`)
  }
  for (const one of others) {
    if (!lost.includes(one) && !answering.has(one)) throw bad(`store ${one} does not answer and is not named as lost`)
  }
}

/** Resolves when the replica leads and has applied its recovery. @throws KvError OutcomeUnknown */
async function serves(range: Range, highBefore: number): Promise<void> {
  for (let turn = 0; turn < RECOVERED_TURNS_MAX; turn++) {
    if (range.isLeader && range.ver.high > highBefore) return
    await range.nextTurn()
  }
  throw new KvError('OutcomeUnknown', `range ${range.id} is recovered but does not serve yet`, {
    hint: 'see `base-kv range list`',
  })
}

/** @throws KvError unless all of them are there and empty, as for a cluster that begins by itself */
function votersToBegin(
  { peers }: StoreServiceDeps,
  store: Store,
  { clusterName, rangeId, voters }: v1.BootstrapRequest,
): StoreId[] {
  if (rangeId !== '') {
    throw new KvError('NotFound', `store ${store.id} holds no range yet`, { hint: 'its id is made where it begins' })
  }
  peers.checkCluster(clusterName)
  const wanted = (voters ?? []).map(asStore)
  const empty = peers.emptyStores(store.options.name)
  if (!empty) {
    throw new KvError('TryLater', 'not all configured nodes are connected, or one holds a range already', {
      hint: 'see `base-kv landscape`',
    })
  }
  const all = [store.id, ...empty]
  const isSame = wanted.length === all.length && all.every((one) => wanted.includes(one))
  if (!isSame) {
    throw new KvError('BadRequest', 'a cluster begins with all configured stores', { hint: `name ${all.join(', ')}` })
  }
  return all
}
