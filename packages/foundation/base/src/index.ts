/** foundation/base: what every package stands on. Pure: no node, no timers, no chance. */
export * from './assert.ts'
export * from './doors.ts'
export * from './errors.ts'
export * from './ids.ts'
export * from './key-range.ts'
export * from './limits.ts'
export * from './log.ts'
export * from './wire-bytes.ts'
