/** The built-in inbox of development as a page. */
import type { InboxMessage } from '../domain/ports/inbox.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { page } from './layout.ts'
import type { Site } from './layout.ts'

export interface InboxFacts {
  /** The newest first. */
  readonly messages: readonly InboxMessage[]
}

/**
 * Every mail with its text, its HTML in a frame where no script can run, and its links and tokens to copy.
 */
export function inboxPage({ messages }: InboxFacts, site: Site): string {
  const request = `${site.publicUrl}/dev/mail/messages?to=ada%40example.com&kind=reset_password&wait=30`
  const body = html`
    <p class="lead">
      In development every mail of this server is kept here: the newest 500, for all nodes alike.
    </p>
    <p><a href="/dev/mail">Look for new mail</a></p>
    ${
      messages.length === 0
        ? empty(site)
        : html`<ol class="mails">
            ${messages.map(mail)}
          </ol>`
    }
    <h2>From the command line</h2>
    <p>
      The same mail as JSON, the newest first. With <code>wait</code> the answer comes as soon as a mail
      matches, or with an empty list after so many seconds; <code>after</code> takes the id of the last mail
      that you have seen.
    </p>
    <pre tabindex="0" aria-label="Command"><code>curl '${request}'</code></pre>
  `
  return page({ title: 'Mail', kind: 'reference', body }, site)
}

function empty(site: Site): Html {
  const user = { username: 'ada', email: 'ada@example.com', password: 'correct-horse-battery' }
  return html`<div class="empty">
    <h2>No mail yet</h2>
    <p>Register a user, and the mail that confirms the address will be here within a second:</p>
    <pre tabindex="0" aria-label="Command"><code>curl '${site.publicUrl}/users/register' \\
  -H 'Content-Type: application/json' \\
  -d '${JSON.stringify(user)}'</code></pre>
  </div>`
}

function mail(message: InboxMessage, index: number): Html {
  const iso = new Date(message.sentAt).toISOString()
  const id = `mail-${index}`
  return html`<li>
    <details>
      <summary>
        <span class="subject">${message.subject}</span>
        <span class="meta">
          <code>${message.kind}</code> <span class="long">to ${message.to}</span>
          <time datetime="${iso}">${iso.slice(0, 19).replace('T', ' ')} UTC</time>
        </span>
      </summary>
      ${message.links.map((link, at) => copyable('Link', link, `${id}-link-${at}`))}
      ${message.tokens.map((token, at) => copyable('Token', token, `${id}-token-${at}`))}
      ${copyable('Id', message.id, `${id}-id`)}
      <h2>Text</h2>
      <pre tabindex="0" aria-label="Text of the mail">${message.text}</pre>
      <h2>HTML</h2>
      <iframe
        title="HTML of the mail ${message.subject}"
        sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"
        loading="lazy"
        srcdoc="${preview(message.html)}"
      ></iframe>
    </details>
  </li>`
}

/** A field to copy from; a link can be opened too. */
function copyable(label: string, value: string, id: string): Html {
  return html`<div class="copyable">
    <label for="${id}">${label}</label>
    <input id="${id}" type="text" readonly value="${value}" />
    ${label === 'Link' && html`<a href="${value}" target="_blank" rel="noopener noreferrer">Open</a>`}
  </div>`
}

/**
 * Our mails carry their looks in one style block, which the page's policy forbids: a link to the same rules
 * does.
 */
function preview(document: string): string {
  return document.replace(
    /<style>[^<]*<\/style>/,
    '<link rel="stylesheet" href="/assets/mail.css"><base target="_blank">',
  )
}
