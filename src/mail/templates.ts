/**
 * What the mails say: a table of letters, one a kind. Letters that may reach an address before its owner
 * has proven it hold no text that a user chose: nobody can write to a stranger through us by registering
 * the stranger's address.
 */
import { input, lifetimes } from '../domain/limits.ts'
import type { MailContent } from '../domain/mail.ts'
import type { MailKind, MailMessage } from '../domain/ports/mailer.ts'
import type { Ms } from '../domain/ports/runtime.ts'
import { asHtml, asText } from './letter.ts'
import type { Letter } from './letter.ts'

/** What a mail is made from. `createdAt` is when its cause happened. */
export interface MailFacts {
  readonly kind: MailKind
  /**
   * Params read here: `newEmail` (by `email_changed`). Leave it out where the address that the mail goes to
   * is not verified.
   */
  readonly content: Pick<MailContent, 'link' | 'params'>
  readonly createdAt: Ms
}

interface Words {
  /** The host of the public URL: the one name of this server that a reader can check. */
  readonly product: string
  readonly at: Ms
  /** A display value as one short line; null where it is missing. */
  param(name: string): string | null
}

/** Renders a mail in English. Every value is escaped, set on one line and cut to a limit. */
export function renderMail(
  mail: MailFacts,
  publicUrl: string,
): Pick<MailMessage, 'subject' | 'text' | 'html'> {
  const product = new URL(publicUrl).host
  const words: Words = {
    product,
    at: mail.createdAt,
    param: (name) => oneLine(mail.content.params[name]),
  }
  const letter = letters[mail.kind](words)
  const link = webLink(mail.content.link)
  return {
    subject: letter.subject,
    text: asText(letter, product, link),
    html: asHtml(letter, product, link),
  }
}

const letters: Readonly<Record<MailKind, (words: Words) => Letter>> = {
  verify_email: ({ product, at }) => ({
    subject: `Confirm your e-mail address for ${product}`,
    heading: 'Confirm your e-mail address',
    intro: [
      `An account at ${product} was registered with this address.`,
      'To confirm that the address is yours, open the link and enter the password of the account.',
    ],
    button: 'Confirm this address',
    facts: [],
    notes: [
      `The link works once, until ${until(at, lifetimes.verifyTokenMs)}.`,
      'If you did not register, ignore this mail: the address stays unconfirmed, and nobody can ' +
        'confirm it without this link.',
    ],
  }),

  reset_password: ({ product, at }) => ({
    subject: `Choose a new password for ${product}`,
    heading: 'Choose a new password',
    intro: [
      `Somebody, hopefully you, asked for a new password for the account with this address at ${product}.`,
      'Open the link to choose one. All devices will be signed out.',
    ],
    button: 'Choose a new password',
    facts: [],
    notes: [
      `The link works once, until ${until(at, lifetimes.resetTokenMs)}. Do not pass it on: whoever ` +
        'has it can take the account over.',
      'If you did not ask for it, ignore this mail: your password stays as it is.',
    ],
  }),

  set_password: ({ product, at }) => ({
    subject: `Your account at ${product}`,
    heading: 'Choose your password',
    intro: [
      `An administrator has made an account for you at ${product}.`,
      'Open the link to choose your password. After that you can sign in with this address.',
    ],
    button: 'Choose a password',
    facts: [],
    notes: [
      `The link works once, until ${until(at, lifetimes.setPasswordTokenMs)}. Do not pass it on: ` +
        'whoever has it can take the account over.',
      'If you do not expect an account there, ignore this mail: without a password nobody can use it.',
    ],
  }),

  change_email: ({ product, at }) => ({
    subject: `Confirm your new e-mail address for ${product}`,
    heading: 'Confirm your new e-mail address',
    intro: [
      `This address was entered as the new address of an account at ${product}.`,
      'To use it from now on, open the link and enter the password of the account.',
    ],
    button: 'Confirm this address',
    facts: [],
    notes: [
      `The link works once, until ${until(at, lifetimes.verifyTokenMs)}. Until then the account ` +
        'keeps its old address.',
      'If you did not ask for this, ignore this mail: nothing changes without this link.',
    ],
  }),

  email_changed: ({ product, at, param }) => ({
    subject: `Your e-mail address at ${product} was changed`,
    heading: 'Your e-mail address was changed',
    intro: [
      `Your account at ${product} has a new e-mail address. From now on its mail goes there and no ` +
        'longer to this address.',
    ],
    button: null,
    facts: [
      ['New address', param('newEmail')],
      ['When', utc(at)],
    ],
    notes: [
      'If this was you, there is nothing to do.',
      'If it was not you, somebody else has used your account: write to the people who run ' +
        `${product} at once, and change this password wherever else you use it.`,
    ],
  }),

  password_changed: ({ product, at }) => ({
    subject: `Your password at ${product} was changed`,
    heading: 'Your password was changed',
    intro: [`The password of your account at ${product} was changed, and other devices were signed out.`],
    button: null,
    facts: [['When', utc(at)]],
    notes: [
      'If this was you, there is nothing to do.',
      `If it was not you, ask ${product} for a new password at once (“forgot password”): the link ` +
        'that you will get by mail takes the account back and signs everybody else out.',
    ],
  }),

  address_taken: ({ product, at }) => ({
    subject: `You already have an account at ${product}`,
    heading: 'You already have an account',
    intro: [
      `Somebody tried to use this address for a new account or for another one at ${product}. It ` +
        'belongs to your account already, so nothing was changed.',
    ],
    button: null,
    facts: [['When', utc(at)]],
    notes: [
      'If this was you, sign in with this address; if you forgot the password, ask for a new one there.',
      'If it was not you, ignore this mail: whoever tried was not told that you have an account.',
    ],
  }),

  // Of the device it says nothing: what a device calls itself is text of whoever signed in.
  new_device: ({ product, at }) => ({
    subject: `New sign-in to your account at ${product}`,
    heading: 'A new device signed in',
    intro: [
      `Your account at ${product} was used on a device that we have not seen before. The list of your ` +
        'sessions shows which one.',
    ],
    button: null,
    facts: [['When', utc(at)]],
    notes: [
      'If this was you, there is nothing to do.',
      `If it was not you, somebody knows your password: ask ${product} for a new one at once ` +
        '(“forgot password”), which signs out every device.',
    ],
  }),

  session_theft: ({ product, at }) => ({
    subject: `A session of your account at ${product} was ended`,
    heading: 'We ended a session of yours',
    intro: [
      `A sign-in of your account at ${product} was used with a token that had been replaced long ` +
        'ago. Somebody may have copied it, so we ended that session on all sides.',
      'You may have to sign in again on one of your devices.',
    ],
    button: null,
    facts: [['When', utc(at)]],
    notes: [
      'If you have just restored a device from a backup, that is the likely reason, and there is ' +
        'nothing more to do.',
      `If you cannot explain it, check the device for strange programs and ask ${product} for a new ` +
        'password (“forgot password”), which signs out every device.',
    ],
  }),
}

/** A value as one line: no line breaks, no control or direction characters, at most 320 characters. */
function oneLine(value: unknown): string | null {
  if (typeof value !== 'string') return null
  const line = value.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim()
  return line === '' ? null : line.slice(0, input.identifierMaxLength)
}

/** Only http and https addresses become links. */
function webLink(link: string | null): string | null {
  const url = link === null ? null : URL.parse(link)
  return url && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : null
}

/**
 * An end and how far it is from the beginning: `2026-11-20 14:33 UTC (30 minutes after it was asked for)`.
 */
function until(at: Ms, lifetimeMs: Ms): string {
  const minutes = lifetimeMs / 60_000
  const hours = minutes / 60
  const span = hours < 1 ? `${minutes} minutes` : hours <= 48 ? `${hours} hours` : `${hours / 24} days`
  return `${utc(at + lifetimeMs)} (${span} after it was asked for)`
}

function utc(at: Ms): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
