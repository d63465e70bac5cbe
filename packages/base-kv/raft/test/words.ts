/** How scripts print and name things: a store is a number, a member `2@7` is replica 7 on store 2 (`2` for replica 1). */
import { replicaId, type StoreId, storeId } from '@base-kv/base'
import {
  type Config,
  decodeConfig,
  type Entry,
  EntryType,
  isJoint,
  type Member,
  type Message,
  MessageType,
} from '@base-kv/raft'

export const store = (number: number): StoreId =>
  storeId(`${String(number).padStart(8, '0')}-0000-4000-8000-000000000000`)

export const numberOf = (id: StoreId): number => Number(id.slice(0, 8))

/** `2` or `2@7`. */
export function memberFrom(text: string): Member {
  const [number, replica] = text.split('@')
  return { store: store(Number(number)), replica: replicaId(Number(replica ?? 1)) }
}

export const memberText = ({ store: id, replica }: Member): string =>
  replica === 1 ? String(numberOf(id)) : `${numberOf(id)}@${replica}`

const list = (members: readonly Member[]): string => members.map(memberText).join(',')

export function configText(config: Config): string {
  const half = (voters: readonly Member[], learners: readonly Member[]): string =>
    `${list(voters)}${learners.length > 0 ? `+${list(learners)}` : ''}`
  const old = half(config.voters, config.learners)
  return isJoint(config) ? `(${old})(${half(config.nextVoters, config.nextLearners)})` : `(${old})`
}

function entryText(entry: Entry): string {
  const at = `${entry.index}/${entry.term}`
  if (entry.type === EntryType.noop) return `${at}:noop`
  if (entry.type === EntryType.config) {
    const config = decodeConfig(entry.data)
    return `${at}:${config ? configText(config) : 'garbage'}`
  }
  return entry.data.length > 16 ? `${at}:${entry.data.length}B` : `${at}:${new TextDecoder().decode(entry.data)}`
}

export function entriesText(entries: readonly Entry[]): string {
  if (entries.length <= 4) return entries.map(entryText).join(' ')
  return `${entryText(entries[0] as Entry)} .. ${entryText(entries.at(-1) as Entry)} (${entries.length})`
}

const typeNames = new Map<number, string>(Object.entries(MessageType).map(([name, type]) => [type, name]))

export const typeName = (message: Message): string => typeNames.get(message.type) ?? '?'

export function messageText(message: Message): string {
  const { type, index, logTerm, commit, reject, hintIndex, hintTerm, round, force, snapshot, entries } = message
  const words = [`${memberText(message.from)}->${memberText(message.to)}`, typeName(message), `t${message.term}`]
  const at = `${index}/${logTerm}`
  if (type === MessageType.preVote || type === MessageType.vote) words.push(`last=${at}`)
  if (type === MessageType.append) words.push(`prev=${at}`, `commit=${commit}`)
  if (type === MessageType.append && entries.length > 0) words.push(`[${entriesText(entries)}]`)
  if (type === MessageType.appendResponse) words.push(String(index))
  if (type === MessageType.heartbeat) words.push(`commit=${commit}`)
  if (type === MessageType.sleep) words.push(`${index}`)
  if (round > 0) words.push(`round=${round}`)
  if (snapshot) words.push(`snapshot=${snapshot.index}/${snapshot.term}${configText(snapshot.config)}`)
  if (reject) words.push('reject')
  if (reject && type === MessageType.appendResponse) words.push(`hint=${hintIndex}/${hintTerm}`)
  if (force) words.push('force')
  return words.join(' ')
}
