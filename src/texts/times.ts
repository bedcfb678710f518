import type { Ms } from '../domain/ports/runtime.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Made once a language, of which there are few: making one takes longer than all else of a mail. */
const timeForms = new Map<string, Intl.DateTimeFormat>()
const spanForms = new Map<string, Intl.NumberFormat>()

/** A moment in UTC, as a language writes it: `20 November 2026 at 14:33 UTC`. */
export function timeText(at: Ms, locale: string): string {
  return `${timeForms.getOrInsertComputed(locale, timeForm).format(at)} UTC`
}

/** A lifetime in its largest whole unit, days from more than two on: `30 minutes`, `24 hours`, `7 days`. */
export function spanText(span: Ms, locale: string): string {
  const [unit, unitMs] =
    span < HOUR_MS
      ? (['minute', MINUTE_MS] as const)
      : span <= 2 * DAY_MS
        ? (['hour', HOUR_MS] as const)
        : (['day', DAY_MS] as const)
  const make = () =>
    new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0 })
  return spanForms.getOrInsertComputed(`${locale} ${unit}`, make).format(span / unitMs)
}

function timeForm(locale: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
}
