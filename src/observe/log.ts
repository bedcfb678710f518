import { pino } from 'pino'
import type { Log } from '../domain/ports/runtime.ts'

/** JSON lines on standard error. Fields are ids, codes and counts: nothing personal is ever passed in. */
export function createLog(level: string): Log {
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 2, sync: true }),
  )
  return {
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message, cause) =>
      logger.error(cause === undefined ? fields : { ...fields, err: cause }, message),
  }
}
