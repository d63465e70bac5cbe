import { MessageType, type Message } from '@base-kv/raft'
import { memberText } from './stores.ts'
import type { Trace } from './trace.ts'

const names = new Map<number, string>(Object.entries(MessageType).map(([name, type]) => [type, name]))

/** One line for a message; zeros and empty fields too, so that lines of a kind align. */
export function traceMessage(trace: Trace, event: string, message: Message): void {
  trace.add(
    event,
    names.get(message.type) ?? 'unknown',
    memberText(message.from),
    memberText(message.to),
    'term',
    message.term,
    'at',
    message.index,
    message.logTerm,
    'commit',
    message.commit,
    'entries',
    message.entries.length,
    message.reject ? 'reject' : 'ok',
    message.hintIndex,
    message.hintTerm,
    'round',
    message.round,
    message.force ? 'force' : '',
    message.snapshot ? message.snapshot.index : 0,
  )
}
