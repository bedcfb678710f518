/** Whether mail leaves, before users wait for it: one mail, at once, past the outbox of any server. */
import { loadConfig, type Config } from '../config.ts'
import { readEmail } from '../domain/keys.ts'
import type { TestMail } from '../mail-server.ts'
import { environmentWith } from './environment.ts'
import { commandError, type Ending } from './exit-codes.ts'
import type { Invocation } from './invocation.ts'

/** Prints the answer of the mail server, or fails with what to do. */
export async function sendTest({ args, options, output }: Invocation): Promise<void> {
  const address = readEmail(args[0] ?? '')?.address
  if (address === undefined)
    throw commandError('usage', `error: ${args[0]} is no address like name@example.com.`)
  const config = loadConfig(environmentWith(options.envFile))
  const [{ sendTestMail }, { systemClock }] = await Promise.all([
    import('../mail-server.ts'),
    import('../app.ts'),
  ])
  const sent = await sendTestMail(config, address, systemClock)
  const server = serverOf(config)
  if (sent.kind === 'failed') {
    const { ending, says } = troubleOf(sent.failure)
    const { response } = sent.failure
    const answer =
      response === null ? `It came to: ${oneLine(sent.sentence)}` : `The answer was: ${oneLine(response)}`
    throw commandError(ending, `${server}: ${says}`, answer)
  }
  output.record({ server, to: address, answer: oneLine(sent.answer) })
  output.say('The mail server has taken the mail. Look for it in the mailbox, and in the one for spam.')
}

type Failure = Extract<TestMail, { kind: 'failed' }>['failure']

interface Trouble {
  readonly ending: Ending
  /** What is wrong, and what to do about it. */
  readonly says: string
}

/** The first that fits counts. */
const troubles: readonly (Trouble & { readonly fits: (failure: Failure) => boolean })[] = [
  {
    fits: ({ code }) => code === 'EDNS',
    ending: 'unreachable',
    says: 'this name leads to no address; correct the host in UM_SMTP_URL, or the resolver of this machine.',
  },
  {
    fits: ({ originalCode }) => originalCode === 'ECONNREFUSED',
    ending: 'unreachable',
    says: 'nothing listens there; correct host and port in UM_SMTP_URL (587 for smtp://, 465 for smtps://).',
  },
  {
    fits: ({ timedOut }) => timedOut,
    ending: 'unreachable',
    says:
      'no answer in time; see whether a firewall or the provider of this machine blocks the port, and ' +
      'whether it wants TLS from the first byte: then UM_SMTP_URL begins with smtps://.',
  },
  {
    fits: ({ originalCode }) => /^ERR_SSL_|^EPROTO$/.test(originalCode ?? ''),
    ending: 'configuration',
    says:
      'this port does not speak TLS from the first byte; let UM_SMTP_URL begin with smtp://, which begins ' +
      'TLS by STARTTLS (usually on port 587).',
  },
  {
    fits: ({ originalCode }) => /CERT|SIGNATURE|ERR_TLS_/.test(originalCode ?? ''),
    ending: 'configuration',
    says:
      'its certificate is not valid for this name; use the name that it is made for in UM_SMTP_URL, or let ' +
      'NODE_EXTRA_CA_CERTS name the file of your own authority.',
  },
  {
    fits: ({ code }) => code === 'ETLS',
    ending: 'configuration',
    says:
      'it offers no encryption, and a password travels only encrypted; use its port for submission (587 or ' +
      '465), or take user and password out of UM_SMTP_URL.',
  },
  {
    fits: ({ code, responseCode }) => code === 'EAUTH' || responseCode === 530,
    ending: 'configuration',
    says:
      'it does not accept our sign-in; correct user and password in UM_SMTP_URL (percent-encoded; some ' +
      'providers want a password made for programs).',
  },
  {
    fits: ({ command }) => command === 'MAIL FROM',
    ending: 'configuration',
    says: 'it does not take our sender; set UM_MAIL_FROM to an address that this account may send from.',
  },
  {
    fits: ({ command }) => command === 'RCPT TO',
    ending: 'failed',
    says: 'it does not take this recipient; try another address, or let it relay mail of this machine.',
  },
  {
    fits: ({ response }) => response !== null,
    ending: 'failed',
    says: 'it refused the mail; its answer says why.',
  },
]

const other: Trouble = {
  ending: 'unreachable',
  says: 'the connection ended early; see whether this is the port of a mail server, and look into its log.',
}

/** What to do about a failure. */
export function troubleOf(failure: Failure): Trouble {
  return troubles.find(({ fits }) => fits(failure)) ?? other
}

/** Host and port, without what is secret in the URL. */
function serverOf({ smtpUrl }: Config): string {
  return URL.parse(smtpUrl ?? '')?.host ?? 'the mail server'
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
