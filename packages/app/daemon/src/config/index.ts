/** A node's configuration: one schema checks file, environment and flags, and makes the reference page. */
export { loadNodeConfig, type LoadOptions } from './load.ts'
export type { NodeConfig, TlsPaths } from './node-config.ts'
export { environmentName } from './environment.ts'
export { allowedText, defaultText, type Knob, type KnobType, schema } from './schema.ts'
