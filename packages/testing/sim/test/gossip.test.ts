import { describe, expect, test } from '@jest/globals'
import { scenarios } from '../src/gossip/all-scenarios.ts'
import { runGossipMutant } from '../src/gossip/gossip-command.ts'
import { gossipMutants } from '../src/gossip/gossip-mutants.ts'

describe('membership and replicated maps', () => {
  test.each(scenarios.map((scenario) => [scenario.name, scenario.promise, scenario] as const))(
    '%s: %s',
    (_name, _promise, scenario) => {
      expect(scenario.run(1, 'test')).toMatchObject({ violation: null })
    },
    300_000,
  )

  test.each(gossipMutants.map((mutant) => [mutant.id, mutant] as const))(
    'the bug "%s" is caught',
    async (_id, mutant) => {
      expect(await runGossipMutant(mutant)).not.toBeNull()
    },
    300_000,
  )
})
