/** foundation/hlc: hybrid logical clock. */
export * from './hybrid-clock.ts'
