/**
 * Where to dial a store. A store has the address that it advertises and, perhaps, an endpoint that the caller gave and
 * that answered with this store's id. The endpoint is preferred: it is known to be reachable from here, while an
 * advertised address may be one of another network (containers behind published ports).
 */
export interface Introduction {
  readonly storeId: string
  /** What the store advertises, host:port. */
  readonly address: string
}

export class AddressBook {
  readonly #endpoints: ReadonlySet<string>
  readonly #dialledByStore = new Map<string, string>()
  readonly #advertisedByStore = new Map<string, string>()
  readonly #storeByAdvertised = new Map<string, string>()

  constructor(endpoints: readonly string[]) {
    this.#endpoints = new Set(endpoints)
  }

  /** `self` answered at `dialled` and told of `others`. */
  learn(dialled: string, self: Introduction, others: readonly Introduction[]): void {
    if (this.#endpoints.has(dialled)) {
      // A folder may have been wiped: the address has another store now.
      for (const [store, address] of this.#dialledByStore) {
        if (address === dialled && store !== self.storeId) this.#dialledByStore.delete(store)
      }
      this.#dialledByStore.set(self.storeId, dialled)
    }
    for (const { storeId, address } of [...others, self]) {
      if (!isAddress(address)) continue
      this.#advertisedByStore.set(storeId, address)
      this.#storeByAdvertised.set(address, storeId)
    }
  }

  /** Where to dial `storeId`; undefined when nobody told. */
  ofStore(storeId: string): string | undefined {
    return this.#dialledByStore.get(storeId) ?? this.#advertisedByStore.get(storeId)
  }

  /** Where to dial what is advertised as `address`. */
  ofAdvertised(address: string): string | undefined {
    const store = this.#storeByAdvertised.get(address)
    const dialled = store === undefined ? undefined : this.#dialledByStore.get(store)
    return dialled ?? (isAddress(address) ? address : undefined)
  }

  /** Everything worth asking: the endpoints given, then advertised addresses of stores that none of them answered for. */
  all(): string[] {
    const rest = [...this.#advertisedByStore].filter(([store]) => !this.#dialledByStore.has(store))
    return [...new Set([...this.#endpoints, ...rest.map(([, address]) => address)])]
  }
}

const ADDRESS = /^(\[[0-9A-Fa-f:.]+\]|[^\s:/[\]]+):(\d{1,5})$/

/** host:port, or [IPv6]:port. */
export function isAddress(text: string): boolean {
  const match = ADDRESS.exec(text)
  return match !== null && Number(match[2]) > 0 && Number(match[2]) < 65_536
}
