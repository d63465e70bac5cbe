/** What to do next, where several errors say the same. */
export const clusterHint = 'is a cluster running? npx base-kv cluster up'
export const readBackHint = 'read the key to see what it holds now'
