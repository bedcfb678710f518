/**
 * The frame of every page: one stylesheet, no script, nothing inline, landmarks, one h1, a way past the
 * header.
 */
import type { PasswordPolicy } from '../domain/deps.ts'
import { en } from '../texts/en.ts'
import type { PageTexts } from '../texts/language.ts'
import { html, render } from './html.ts'
import type { Content, Html } from './html.ts'

/** Where `http/` serves the stylesheets; the files lie beside this one. */
export const stylesheets = [
  { path: '/assets/styles.css', file: 'styles.css' },
  { path: '/assets/mail.css', file: 'mail.css' },
] as const

/** What the pages know of their server. */
export interface Site {
  /** No slash at the end. */
  readonly publicUrl: string
}

/** A site whose pages ask for new passwords. */
export interface PasswordSite extends Site {
  readonly passwordPolicy: PasswordPolicy
}

export interface PageParts {
  /** Also the one h1, unless `heading` is given. */
  readonly title: string
  readonly heading?: Content
  /** Where the reader is: pages for developers have a navigation, pages for users have not. */
  readonly kind: 'account' | 'reference'
  /** The reader's language; pages for developers are in English. */
  readonly texts?: PageTexts
  readonly body: Content
}

/** A whole document. */
export function page(parts: PageParts, site: Site): string {
  const host = new URL(site.publicUrl).host
  const { tag, skip } = parts.texts ?? en.pages
  return render(
    html`<!doctype html>
      <html lang="${tag}">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <meta name="robots" content="noindex" />
          <title>${parts.title} · ${host}</title>
          <link rel="stylesheet" href="/assets/styles.css" />
          <link rel="icon" href="data:," />
        </head>
        <body class="${parts.kind}">
          <a class="skip" href="#main">${skip}</a>
          <header class="top">
            <p class="site">${host}</p>
            ${parts.kind === 'reference' && navigation()}
          </header>
          <main id="main" tabindex="-1">
            <h1>${parts.heading ?? parts.title}</h1>
            ${parts.body}
          </main>
        </body>
      </html> `,
  )
}

function navigation(): Html {
  return html`<nav aria-label="Documentation">
    <a href="/docs">API</a>
    <a href="/docs/errors">Errors</a>
  </nav>`
}

/** A text with requests (`POST /users/login`), settings (`UM_…`) and members (`errors[]`) set as code. */
export function withCode(text: string): readonly Content[] {
  const code =
    /((?:GET|POST|PUT|PATCH|DELETE) \/[\w\-./{}]*[\w\-/{}]|\/docs\b|UM_[A-Z_]+(?:=\w+)?|errors\[\]|"[^"]+")/
  return text.split(code).map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))
}
