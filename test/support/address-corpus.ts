/** E-mail addresses by the grammar of RFC 5321 section 4.1.2 and RFC 5322 section 3.4, and what breaks it. */

export interface AddressCorpus {
  /** We deliver to these: a dot-atom at a domain, which may be international. */
  readonly taken: readonly string[]
  /** No address, more than one, or a form that we do not deliver to. */
  readonly refused: readonly string[]
}

const ATOM_SIGNS = Array.from("!#$%&'*+/=?^_`{|}~-")
const SPECIALS = Array.from('()<>[]:;@\\,"')
const VICTIM = 'victim@example.com'
const ATTACKER = 'attacker@evil.example'

export function addressCorpus(): AddressCorpus {
  const refused = [
    ...brokenLocals(),
    ...brokenDomains(),
    ...severalAddresses(),
    ...otherForms(),
    ...disguises(),
  ]
  return { taken: [...new Set(takenAddresses())], refused: [...new Set(refused)] }
}

function takenAddresses(): readonly string[] {
  const signs = ATOM_SIGNS.flatMap((sign, index) => [
    `a${sign}b${index}@example.com`,
    `${sign}@s${index}.example.com`,
  ])
  const locals = [
    'x',
    '0',
    'A.B',
    'a.b.c.d',
    'o.O',
    '-dash-',
    '1-2',
    'l'.repeat(64),
    'percent%victim.example',
    'bang!victim.example',
    'a=20b',
    '=?utf-8?q?x?=',
    'rcpt',
    'UPPER',
  ]
  const domains = [
    'a.aa',
    'x-y.example',
    `${'d'.repeat(63)}.example`,
    'm\u00fcnchen.example',
    'xn--mnchen-3ya-x.example',
    '\u4f8b\u3048.example',
    'B\u00dcCHER.example',
    '1.2.example',
    'UPPER.EXAMPLE',
    'a.b.c.d.e.f.example',
  ]
  return [
    ...signs,
    ...locals.map((local) => `${local}@local.example`),
    ...domains.map((domain) => `reader@${domain}`),
    '  padded@example.com\t',
  ].filter((address) => !address.includes('xn--mnchen-3ya-x'))
}

function brokenLocals(): readonly string[] {
  const controls = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code))
  const inside = [
    ...SPECIALS,
    ...controls,
    ' ',
    '\u007f',
    '\u00a0',
    '\u200b',
    '\u202e',
    '\u00e9',
    '\u{1f600}',
  ]
  const dots = ['.a', 'a.', 'a..b', '.', '..', '']
  return [
    ...inside.flatMap((sign) => [`a${sign}b@example.com`, `a.${sign}@example.com`]),
    ...dots.map((local) => `${local}@example.com`),
    `${'l'.repeat(65)}@example.com`,
  ]
}

function brokenDomains(): readonly string[] {
  const signs = [...SPECIALS, ...Array.from(" !#$%&'*+/=?^_`{|}~\t\r\n\0\v\f")]
  const hosts = [
    '',
    '.',
    'example',
    'localhost',
    '.example.com',
    'example.com.',
    'example..com',
    '-a.example',
    'a-.example',
    '127.0.0.1',
    '1.2.3',
    '0x7f.1',
    '2130706433',
    '[127.0.0.1]',
    '[IPv6:::1]',
    '[::1]',
    'example.123',
    'example.com:25',
    'user@host.example',
    'example.com/path',
    'example.com?x',
    'example.com#x',
    '%65xample.com',
    'xn--.example',
    `${'d'.repeat(64)}.example`,
    `${'d.'.repeat(127)}example`,
  ]
  return [
    ...signs.flatMap((sign) => [`a@exa${sign}mple.com`, `a@example.${sign}com`]),
    ...hosts.map((host) => `a@${host}`),
  ]
}

/** Every way to name two mailboxes, or one that is not the one that is seen. */
function severalAddresses(): readonly string[] {
  const between = [
    ',',
    ', ',
    ';',
    '; ',
    ' ',
    '\t',
    '\n',
    '\r\n',
    '\0',
    '|',
    '/',
    '\\',
    '%0a',
    '%0d%0a',
    '%2c',
    '&',
    ' and ',
  ]
  const lines = ['Bcc: ', 'Cc: ', 'To: ', 'RCPT TO:', 'DATA\r\n', '.\r\nRCPT TO:', 'Subject: x\r\n\r\n']
  return [
    ...between.flatMap((sign) => [`${VICTIM}${sign}${ATTACKER}`, `${ATTACKER}${sign}${VICTIM}`]),
    ...['\r\n', '\n', '\r', '\u2028', '\u0085', '\\r\\n'].flatMap((end) =>
      lines.map((line) => `${VICTIM}${end}${line}${ATTACKER}`),
    ),
    `<${VICTIM}>\r\nRCPT TO:<${ATTACKER}>`,
    `${VICTIM}> SIZE=1`,
    `${VICTIM}> NOTIFY=SUCCESS`,
    `${VICTIM}>,<${ATTACKER}`,
  ]
}

/** Addresses by the RFC that we do not deliver to, since programs differ about them. */
function otherForms(): readonly string[] {
  const quoted = [
    '',
    ' ',
    'a b',
    'a@b',
    ATTACKER,
    `${ATTACKER} x`,
    `<${ATTACKER}>`,
    `${ATTACKER},`,
    'a\\"b',
    '\\\\',
    'plain',
    '\r\n x',
    '.',
    '..',
  ]
  const groups = [
    'g:;',
    `g:${ATTACKER};`,
    `g: ${ATTACKER}, ${VICTIM};`,
    `g:h:${ATTACKER};;`,
    `:${ATTACKER};`,
    `${'g:'.repeat(50)}${ATTACKER}${';'.repeat(50)}`,
  ]
  const named = [
    `Victim <${VICTIM}>`,
    `"${VICTIM}" <${ATTACKER}>`,
    `${VICTIM} <${ATTACKER}>`,
    `<${VICTIM}>`,
    `<${VICTIM}`,
    `${VICTIM}>`,
    `<@evil.example:${VICTIM}>`,
    `@evil.example:${VICTIM}`,
    `@a.example,@b.example:${VICTIM}`,
    `mailto:${VICTIM}`,
    `=?utf-8?q?=61ttacker=40evil.example?= <${VICTIM}>`,
  ]
  const comments = [
    `${VICTIM}(${ATTACKER})`,
    `(c)${VICTIM}`,
    `victim(c)@example.com`,
    `victim@(c)example.com`,
    `victim@example.com (`,
    `((((${VICTIM}))))`,
  ]
  const routes = [
    `victim%example.com`,
    `evil.example!victim`,
    `victim@example.com@evil.example`,
    `victim@evil.example@example.com`,
    '@',
    '@@',
    'a@',
    '@a.example',
    'a',
    '',
    ' ',
    'null',
    '[object Object]',
    '*@*',
    '%',
    '$ne',
    '%@%',
  ]
  return [
    ...quoted.flatMap((text) => [`"${text}"@example.com`, `"${text}"@localhost`]),
    ...groups,
    ...named,
    ...comments,
    ...routes,
  ]
}

/** Texts that become others when they are normalised, folded or decoded. */
function disguises(): readonly string[] {
  const signs = [
    '\uff20',
    '\ufe6b',
    '\uff0e',
    '\u3002',
    '\uff0c',
    '\ufe50',
    '\uff1b',
    '\u037e',
    '\uff1c',
    '\ufeff',
    '\u00ad',
    '\u2024',
    '\u2100',
    '\u2101',
    '\u33c2',
    '\u212a',
    '\u017f',
    '\u0131',
    '\u0130',
    '\ufb01',
    '\u1e9e',
    '\u202d',
  ]
  return [
    ...signs.flatMap((sign) => [
      `victim${sign}@example.com`,
      `x${sign}victim@example.com`,
      `vic${sign}tim@example.com`,
    ]),
    `victim\uff20example.com`,
    `victim@example\uff0ecom`,
    `victim@example.com\uff0cattacker@evil.example`,
    `victim@evil\u2100example.com`,
    `v\u0131ctim@example.com`,
    `mi\u212ae@example.com`,
    'victim&#64;example.com',
    'victim%40example.com',
    'victim\\u0040example.com',
    'victim\ud800@example.com',
    'victim@example.\udc00com',
  ]
}

export interface Fold {
  readonly character: string
  /** What it turns into, or begins with once its marks are taken off. */
  readonly ascii: string
}

/** Every code point beyond ASCII that some common way of folding turns into ASCII. */
export function foldsToAscii(): readonly Fold[] {
  const found: Fold[] = []
  for (let code = 0x80; code <= 0x10ffff; code += 1) {
    if (code >= 0xd800 && code <= 0xdfff) continue
    const character = String.fromCodePoint(code)
    const marks = /\p{M}+/gu
    const folded = [
      character.normalize('NFKC'),
      character.toLowerCase(),
      character.toUpperCase(),
      character.normalize('NFKD').replace(marks, ''),
    ]
    const ascii = folded.find((text) => text !== '' && /^[\x20-\x7e]+$/.test(text))
    if (ascii !== undefined) found.push({ character, ascii: ascii.toLowerCase() })
  }
  return found
}
