/** app/cli: the `base-kv` command. Start with main.ts (the process) and program.ts (the tree of commands). */
export { runCli } from './run-cli.ts'
