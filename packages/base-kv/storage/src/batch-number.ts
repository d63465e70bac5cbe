/**
 * Every batch of both databases carries a running number and names the other database's newest number whose sync had
 * returned. A database that ends before the number that the other one names has lost its tail: to LevelDB a lost tail
 * looks like a clean end.
 */
import { ByteWriter, openRecord, sealRecord } from './byte-codec.ts'
import type { Engine, EngineBatch } from './ports.ts'

const VERSION = 1

export class BatchNumber {
  readonly #key: Uint8Array
  #issued: number
  /** Newest number whose sync returned. */
  durable: number
  /** What the newest durable batch named of the other database. */
  readonly namesOther: number

  /** @throws KvError Corrupt */
  constructor(key: Uint8Array, engine: Engine) {
    this.#key = key
    const record = engine.get(key)
    const reader = record && openRecord('the running number', VERSION, key, record)
    this.durable = reader?.u64() ?? 0
    this.namesOther = reader?.u64() ?? 0
    this.#issued = this.durable
  }

  /** Puts the next number in. Call `landed` with it once the sync returned. */
  stamp(batch: EngineBatch, other: BatchNumber): number {
    this.#issued++
    const body = new ByteWriter().u64(this.#issued).u64(other.durable).take()
    batch.put(this.#key, sealRecord(VERSION, this.#key, body))
    return this.#issued
  }

  landed(number: number): void {
    this.durable = number
  }
}

/** @returns what is wrong in words, or null. */
export function lostTail(log: BatchNumber, data: BatchNumber): string | null {
  if (log.durable < data.namesOther)
    return `database log ends at batch ${log.durable}, database data knows ${data.namesOther}`
  if (data.durable < log.namesOther)
    return `database data ends at batch ${data.durable}, database log knows ${log.namesOther}`
  return null
}

/** Refuses a format newer than this build's, stamps a new database. */
export function checkFormat(what: string, key: Uint8Array, newest: number, engine: Engine): Uint8Array | null {
  const record = engine.get(key)
  if (record === undefined) return sealRecord(newest, key, new Uint8Array(0))
  openRecord(`database ${what}`, newest, key, record)
  return null
}
