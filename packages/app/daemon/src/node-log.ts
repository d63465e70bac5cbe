/** The log port on pino: one JSON line an event, on standard output. */
import pino from 'pino'
import type { Log, LogFields } from '@base-kv/base'

export function openLog(level: string): Log {
  return wrap(pino({ level, base: null }, pino.destination({ dest: 1, sync: true })))
}

function wrap(logger: pino.Logger): Log {
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
    child: (fields: LogFields) => wrap(logger.child(fields)),
  }
}
