/** The process behind `base-kv`. */
import { runCli } from './run-cli.ts'

// A reader that has seen enough (`base-kv scan | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

process.exit(await runCli(process.argv.slice(2)))
