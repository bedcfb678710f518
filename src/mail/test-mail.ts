/** The mail of `mail test`: for the operator, so in English, in the looks of all mails. */
import type { MailMessage } from '../domain/ports/mailer.ts'
import type { Ms } from '../domain/ports/runtime.ts'
import { en } from '../texts/en.ts'
import { fill } from '../texts/fill.ts'
import { timeText } from '../texts/times.ts'
import { asHtml, asText, type Letter } from './letter.ts'
import type { MailTemplates } from './templates.ts'

export function testMail({
  at,
  publicUrl,
  templates,
}: {
  readonly at: Ms
  readonly publicUrl: string
  readonly templates: MailTemplates
}): Pick<MailMessage, 'kind' | 'subject' | 'text' | 'html'> {
  const { host } = new URL(publicUrl)
  const product = templates.product ?? host
  const { tag, dates, common } = en.mails
  const letter: Letter = {
    lang: tag,
    product,
    subject: `Test mail of ${product}`,
    heading: 'This is a test',
    intro: [
      `The mail server of ${product} has taken this mail, and it has arrived.`,
      'Look at its source: SPF, DKIM and DMARC should each have passed. Other mails get lost otherwise.',
    ],
    link: null,
    facts: [[common.when, timeText(at, dates)]],
    notes: ['Whoever runs the server has sent it with "user-management mail test". It needs no answer.'],
    footer: fill(common.footer, { product, host }),
  }
  // It belongs to no kind that a user gets; nothing looks at it on the way out.
  return {
    kind: 'new_device',
    subject: letter.subject,
    text: asText(letter),
    html: asHtml(letter, templates),
  }
}
