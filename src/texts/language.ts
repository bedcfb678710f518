/** What a language has to say: the words of every mail and of every page that users see, as one table. */
import type { ErrorCode, ProblemCode } from '../domain/errors.ts'
import type { DeadSetupLink } from '../domain/first-admin.ts'
import type { MailKind } from '../domain/ports/mailer.ts'

/** A language. Braces in a text are the place of a value: `{product}`; every language has the same ones. */
export interface Language {
  readonly mails: MailTexts
  readonly pages: PageTexts
}

export interface MailTexts {
  /** BCP 47: the `lang` of the document. */
  readonly tag: string
  /** BCP 47: how dates and durations are written. */
  readonly dates: string
  readonly common: CommonTexts
  readonly letters: Readonly<Record<MailKind, LetterText>>
}

/** What all mails share. */
export interface CommonTexts {
  /** Above the address of the link, below its button. */
  readonly copy: string
  /** Label of the moment when something happened. */
  readonly when: string
  /** Label of the new address. */
  readonly address: string
  /** The end of a link: `{time}`, and `{span}` after it was asked for. */
  readonly until: string
  readonly footer: string
}

/** The words of a mail. */
export interface LetterText {
  readonly subject: string
  readonly heading: string
  readonly intro: readonly string[]
  /** What the link does, as the words on its button; only where the mail has a link. */
  readonly button?: string
  /** How long the link holds, who may ignore the mail, what to do if it was not you. */
  readonly notes: readonly string[]
}

export interface PageTexts {
  /** BCP 47: the `lang` of the document. */
  readonly tag: string
  /** The way past the header. */
  readonly skip: string
  /** Before the title of a page whose form was refused. */
  readonly error: string
  readonly causes: string
  readonly form: { readonly wrong: string; readonly wrongPassword: string }
  /** What was wrong with a field, by its code; null in the language of the rules' own messages. */
  readonly refusals: Readonly<Record<FormCode, string>> | null
  readonly reset: ResetTexts
  readonly verify: VerifyTexts
  readonly setup: SetupTexts
  readonly problem: ProblemTexts
}

export type DeadLinkState = 'invalid' | 'expired' | 'used'

/** What is left to say about a link that no longer works. */
export interface DeadLinkText {
  readonly title: string
  readonly next: string
  readonly causes: readonly string[]
}

export interface ResetTexts {
  readonly title: string
  readonly lead: string
  readonly label: string
  readonly hint: string
  readonly button: string
  readonly done: string
  readonly saved: string
  /** How many devices were signed out. */
  readonly ended: { readonly none: string; readonly one: string; readonly more: string }
  readonly told: string
  readonly dead: Readonly<Record<DeadLinkState, DeadLinkText>>
}

export interface VerifyTexts {
  readonly title: string
  readonly lead: string
  readonly label: string
  readonly hint: string
  readonly button: string
  readonly forgotten: string
  readonly done: string
  readonly confirmed: string
  readonly dead: Readonly<Record<DeadLinkState, DeadLinkText>>
}

export interface SetupTexts {
  readonly title: string
  readonly lead: string
  readonly fields: Readonly<
    Record<'username' | 'email' | 'password', { readonly label: string; readonly hint: string }>
  >
  readonly button: string
  readonly done: string
  readonly made: string
  readonly next: string
  readonly confirm: string
  /** The same where only confirmed addresses sign in. */
  readonly confirmFirst: string
  readonly inbox: string
  /** The words of the link in `inbox`. */
  readonly inboxLink: string
  readonly signIn: string
  /** The words of the link in `signIn`. */
  readonly docsLink: string
  readonly commands: string
  readonly newLink: string
  readonly dead: Readonly<Record<DeadSetupLink, DeadLinkText>>
}

export interface ProblemTexts {
  readonly next: string
  readonly status: string
  readonly code: string
  readonly request: string
  /** What the pages of a user can meet. */
  readonly codes: Readonly<Record<PageProblemCode, { readonly title: string; readonly action: string }>>
}

/** What a form shows at its fields. */
export type FormCode = Extract<
  ErrorCode,
  | 'password_too_short'
  | 'password_too_long'
  | 'password_too_common'
  | 'password_contains_personal'
  | 'password_characters'
  | 'password_incorrect'
  | 'username_format'
  | 'username_taken'
  | 'email_format'
  | 'email_taken'
>

/** What ends a page of a user instead of being shown on it. */
export type PageProblemCode = Extract<
  ProblemCode,
  | 'request_invalid'
  | 'cross_site_request'
  | 'not_found'
  | 'email_taken'
  | 'body_too_large'
  | 'media_type_unsupported'
  | 'validation_failed'
  | 'rate_limited'
  | 'internal_error'
  | 'overloaded'
  | 'store_unavailable'
>
