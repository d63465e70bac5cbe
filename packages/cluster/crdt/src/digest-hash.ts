/** One number for a set of pairs, whatever their order: FNV-1a of each, added up. Not against forgery, only for "the same?". */
export class DigestHash {
  #sum = 0n

  add(name: string, version: bigint): this {
    let hash = 0xcbf2_9ce4_8422_2325n
    for (let i = 0; i < name.length; i++) hash = step(hash, BigInt(name.charCodeAt(i)))
    this.#sum = BigInt.asUintN(64, this.#sum + step(step(hash, version >> 32n), version & 0xffff_ffffn))
    return this
  }

  get value(): bigint {
    return this.#sum
  }
}

const step = (hash: bigint, part: bigint): bigint => BigInt.asUintN(64, (hash ^ part) * 0x100_0000_01b3n)
