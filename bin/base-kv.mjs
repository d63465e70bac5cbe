#!/usr/bin/env node
// The command `base-kv` in a clone: works on Node 20 before anything is installed or built.
import { launch } from '../scripts/launch/launch.mjs'

await launch('base-kv', process.argv.slice(2))
