import { chaos } from './gossip-chaos.ts'
import { type GossipScenario, gossipScenarios } from './gossip-scenarios.ts'

export const scenarios: readonly GossipScenario[] = [...gossipScenarios, chaos]
