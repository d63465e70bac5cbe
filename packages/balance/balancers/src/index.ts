/** balance/balancers: the built-in balancers. */
export * from './catalogue.ts'
export * from './range-leader.ts'
export * from './range-merge.ts'
export * from './range-split.ts'
export * from './replica-count.ts'
export * from './unreachable-replica.ts'
