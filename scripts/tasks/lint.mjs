// What must hold for every file: rules (types included), format, architecture table, generated code.
import { lintSteps } from './lint-steps.mjs'
import { runStep } from './run-step.mjs'

let failed = 0
for (const { name, args } of lintSteps(process.argv.slice(2))) {
  const code = await runStep(args)
  if (code !== 0) failed += 1
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name}`)
}
process.exit(failed === 0 ? 0 : 1)
