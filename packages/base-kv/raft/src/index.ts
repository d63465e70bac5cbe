/** base-kv/raft: Raft as a pure machine. Start with types.ts, then raft.ts. */
export * from './types.ts'
