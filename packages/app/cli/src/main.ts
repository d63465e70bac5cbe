/** The process behind `base-kv`. */
import { runCli } from './run-cli.ts'

// A reader that has seen enough (`base-kv scan | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

const exitCode = await runCli(process.argv.slice(2))
// What was printed may still be on its way to a slow reader.
await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((resolve) => stream.write('', resolve))))
process.exit(exitCode)
