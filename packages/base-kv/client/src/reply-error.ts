import { KvError, type KvErrorCode } from '@base-kv/base'
import { v1 } from '@base-kv/protocol'

const codes: Readonly<Record<number, KvErrorCode>> = {
  [v1.ReplyCode.BAD_VERSION]: 'BadVersion',
  [v1.ReplyCode.TRY_LATER]: 'TryLater',
  [v1.ReplyCode.BAD_REQUEST]: 'BadRequest',
  [v1.ReplyCode.INTERNAL_ERROR]: 'InternalError',
  [v1.ReplyCode.OUTCOME_UNKNOWN]: 'OutcomeUnknown',
  [v1.ReplyCode.NO_SPACE]: 'NoSpace',
  [v1.ReplyCode.CORRUPT]: 'Corrupt',
}

/** What a reply other than OK says. A code of a newer node, unknown here, proves nothing: the outcome is unknown. */
export function errorOf({ code, message, hint }: v1.PipelineResult.$Properties): KvError {
  return new KvError(codes[code ?? 0] ?? 'OutcomeUnknown', message || `the node answered code ${code}`, {
    ...(hint && { hint }),
  })
}
