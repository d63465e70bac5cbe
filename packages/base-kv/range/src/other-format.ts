import { KvError } from '@base-kv/base'

/** What was found on disk, or came from a peer, was written by another release. Nothing of it is read by guessing. */
export function otherFormat(what: string, found: number, read: number): KvError {
  const hint =
    found > read
      ? 'start the newer base-kv that wrote it'
      : 'start the older base-kv that wrote it; what it holds can be left behind only by an empty data folder'
  return new KvError('BadConfig', `${what} has format ${found}, this base-kv reads ${read}`, { hint })
}
