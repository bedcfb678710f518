/** How far a long command is: on a terminal one line that is rewritten, else a line every five seconds. */
const REWRITE_EVERY_MS = 200
const SAY_EVERY_MS = 5000

export interface Progress {
  /** So many are done in all. */
  reached(done: number): void
  /** Leaves the terminal as it was. */
  end(): void
}

export interface ProgressOptions {
  /** What is counted, such as `users`. */
  readonly of: string
  /** Null where nobody knows. */
  readonly total: number | null
  /** So many were done before this run. */
  readonly before?: number
  readonly stream?: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>
  /** Milliseconds of any beginning. */
  readonly stopwatch?: () => number
}

/** Says nothing of what is over at once. */
export function createProgress(options: ProgressOptions): Progress {
  const { stream = process.stderr, stopwatch = () => performance.now() } = options
  const terminal = stream.isTTY === true
  const everyMs = terminal ? REWRITE_EVERY_MS : SAY_EVERY_MS
  const beganAt = stopwatch()
  let saidAt = beganAt
  let shown = false
  return {
    reached(done) {
      const now = stopwatch()
      if (now - saidAt < everyMs) return
      saidAt = now
      shown = true
      const line = progressLine(done, (now - beganAt) / 1000, options)
      stream.write(terminal ? `\r\u001b[K${line}` : `${line}\n`)
    },
    end() {
      if (terminal && shown) stream.write('\r\u001b[K')
    },
  }
}

function progressLine(done: number, seconds: number, { of, total, before = 0 }: ProgressOptions): string {
  const rate = (done - before) / seconds
  const speed = `${Math.round(rate)} ${of}/s`
  if (total === null || done <= before) return `${done} ${of}, ${speed}`
  const left = Math.ceil(Math.max(0, total - done) / rate)
  const share = Math.min(100, Math.floor((100 * done) / total))
  return `${done} of ${total} ${of} (${share} %), ${speed}, ${durationOf(left)} left`
}

function durationOf(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`
}
