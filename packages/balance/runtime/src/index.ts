/** balance/runtime: what a balancer is, and what it is given. */
export * from './balancer.ts'
export * from './factory.ts'
export * from './factory-registry.ts'
export * from './rules.ts'
export * from './store-history.ts'
