// Every npm script: `node scripts/launch.mjs NAME ARGUMENTS…`. What each name runs: launch/launch.mjs.
import { launch } from './launch/launch.mjs'

await launch(process.argv[2], process.argv.slice(3))
