import type { Config, Member } from '@base-kv/raft'
import { configText, isJoint, memberKey, membersOf, memberText } from '../stores.ts'
import type { View } from './view.ts'
import { must } from './violation.ts'

interface Placed {
  readonly index: number
  readonly config: Config
}

/** A leader appends a configuration: allowed at that moment, and one legal step from the one before? */
export function checkChange(view: View, index: number, before: Placed, next: Config): void {
  const { machine, log, self } = view
  const text = (): string =>
    `${memberText(self)} appends ${configText(next)} at ${index} after ${configText(before.config)} at ${before.index}`
  const fine = (holds: boolean, rule: string): void => must('configuration', holds, () => `${rule}: ${text()}`)
  fine(before.index <= machine.commit, 'the last change is not committed yet')
  fine(log.termOrSnapshot(machine.commit) === machine.term, 'no entry of the own term is committed yet')
  fine(next.voters.length > 0, 'no voters')
  for (const [voters, learners] of [
    [next.voters, next.learners],
    [next.nextVoters, next.nextLearners],
  ] as const) {
    const all = [...voters, ...learners]
    fine(new Set(all.map((member) => member.store)).size === all.length, 'a store stands twice in one half')
    fine(sorted(voters) && sorted(learners), 'not sorted')
  }
  const known = new Map(membersOf(before.config).map((member) => [member.store, member.replica]))
  for (const member of membersOf(next)) {
    fine(
      known.get(member.store) === member.replica || (!known.has(member.store) && Number(member.replica) === index),
      'a wrong replica id',
    )
  }
  if (isJoint(before.config)) {
    fine(
      !isJoint(next) && same(next.voters, before.config.nextVoters) && same(next.learners, before.config.nextLearners),
      'a joint configuration is left for its new half only',
    )
  } else {
    fine(same(next.voters, before.config.voters), 'voters change through a joint configuration only')
    if (isJoint(next)) fine(same(next.learners, before.config.learners), 'the old half changes')
  }
}

function sorted(members: readonly Member[]): boolean {
  return members.every((member, i) => i === 0 || (members[i - 1] as Member).store < member.store)
}

function same(a: readonly Member[], b: readonly Member[]): boolean {
  return a.length === b.length && a.every((member, i) => memberKey(member) === memberKey(b[i] as Member))
}
