/** One thing that was looked at. */
export interface Check {
  readonly check: string
  readonly state: 'ok' | 'warn' | 'fail'
  readonly detail: string
  /** What to do; null where nothing has to be done. */
  readonly remedy: string | null
}

/** `ok` where there is nothing to do, else as bad as said. */
export function verdict(
  check: string,
  detail: string,
  wrong: readonly ['warn' | 'fail', string] | null,
): Check {
  return { check, detail, state: wrong ? wrong[0] : 'ok', remedy: wrong ? wrong[1] : null }
}
