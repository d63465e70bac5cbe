import { errorCodes, type KvErrorCode, toKvError } from '@base-kv/base'

/** `NotFound` is `NOT_FOUND` on the command line. */
export const codeWord = (code: KvErrorCode): string => code.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()

/** One line on standard error: `error CODE: what happened; what to do`. @returns the exit code */
export function printError(thrown: unknown): number {
  const error = toKvError(thrown)
  const text = [error.message, error.hint]
    .filter(Boolean)
    .join('; ')
    .replaceAll(/\s*\n\s*/g, ' ')
  process.stderr.write(`error ${codeWord(error.code)}: ${text}\n`)
  if (error.code === 'InternalError' && process.env.BASE_KV_DEBUG && thrown instanceof Error) {
    process.stderr.write(`${thrown.stack}\n`)
  }
  return errorCodes[error.code].exit
}
