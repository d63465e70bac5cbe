/** What a node is started with: every value checked, defaults filled in, paths absolute. Frozen. */
export interface NodeConfig {
  readonly node: { readonly name: string }
  readonly cluster: {
    readonly name: string
    /** `host:port` of the nodes to meet, this one among them; empty for a cluster of one. */
    readonly seeds: readonly string[]
    readonly secret: string | null
  }
  /** How many empty nodes form the first range. */
  readonly bootstrap: { readonly expect: number }
  readonly stores: readonly string[]
  readonly dataDir: string
  readonly rpc: {
    readonly bind: string
    /** What peers and clients dial; null: `bind`. */
    readonly advertise: string | null
  }
  readonly admin: { readonly bind: string }
  readonly tls: TlsPaths | null
  readonly insecure: boolean
  readonly raft: {
    readonly tickMs: number
    readonly electionTimeoutMs: number
    readonly heartbeatIntervalMs: number
    readonly lease: boolean
  }
  readonly storage: {
    readonly flushAgeMs: number
    readonly flushBytes: number
    readonly diskFreeBytesMin: number
    readonly ballastBytes: number
    readonly logCacheBytes: number
  }
  readonly kvStoreConfig: { readonly attributes: Readonly<Record<string, string>> }
  readonly limits: { readonly valueBytesMax: number }
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent' }
}

export interface TlsPaths {
  readonly ca: string
  readonly cert: string
  readonly key: string
}
