import type { Ms } from '../domain/ports/runtime.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** A moment in UTC, as a language writes it: `20 November 2026 at 14:33 UTC`. */
export function timeText(at: Ms, locale: string): string {
  const form = { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' } as const
  return `${new Intl.DateTimeFormat(locale, form).format(at)} UTC`
}

/** A lifetime in its largest whole unit, days from more than two on: `30 minutes`, `24 hours`, `7 days`. */
export function spanText(span: Ms, locale: string): string {
  const [unit, unitMs] =
    span < HOUR_MS
      ? (['minute', MINUTE_MS] as const)
      : span <= 2 * DAY_MS
        ? (['hour', HOUR_MS] as const)
        : (['day', DAY_MS] as const)
  const form = { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0 } as const
  return new Intl.NumberFormat(locale, form).format(span / unitMs)
}
