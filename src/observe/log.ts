import { pino, type DestinationStream } from 'pino'
import type { Log } from '../domain/ports/runtime.ts'
import { readableLine } from './readable-line.ts'

/** What of standard error decides about the form of a line. */
export type LogTarget = Pick<NodeJS.WriteStream, 'isTTY' | 'write'>

/**
 * JSON lines on standard error; on a terminal, lines for people. Fields are ids, codes and counts: nothing
 * personal is ever passed in.
 */
export function createLog(level: string, target: LogTarget = process.stderr): Log {
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, streamTo(target))
  return {
    ...(logger.isLevelEnabled('debug') && { debug: (fields, message) => logger.debug(fields, message) }),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message, cause) =>
      logger.error(cause === undefined ? fields : { ...fields, err: cause }, message),
  }
}

function streamTo(target: LogTarget): DestinationStream {
  const colours = !process.env['NO_COLOR']
  if (target.isTTY) return { write: (line) => void target.write(readableLine(line, { colours })) }
  return target === process.stderr ? pino.destination({ fd: 2, sync: true }) : target
}
