import type { JsonObject, JsonValue } from '../domain/ports/runtime.ts'
import { unknownHash } from './hash-text.ts'
import { asText } from './read-values.ts'
import { isObject, parseObject } from './source-row.ts'

const PBKDF2_DIGESTS: Readonly<Record<string, string>> = {
  pbkdf2: 'sha1',
  'pbkdf2-sha256': 'sha256',
  'pbkdf2-sha512': 'sha512',
}
/** Version 1.3 of argon2 in its number. */
const ARGON2_VERSIONS: Readonly<Record<string, number>> = { '1.0': 16, '1.3': 19 }

/**
 * The hash of a credential of Keycloak as a text. It keeps algorithm and cost in one JSON text and salt and
 * tag in another, and before version 8 all of them as fields.
 */
export function keycloakHash(credential: JsonObject): string {
  const about = objectOf(credential.credentialData) ?? credential
  const secret = objectOf(credential.secretData) ?? {
    value: credential.hashedSaltedValue ?? null,
    salt: credential.salt ?? null,
  }
  const [salt, tag] = [base64(secret.salt), base64(secret.value)]
  const [algorithm, iterations] = [asText(about.algorithm), Number(about.hashIterations)]
  const setting =
    algorithm === 'argon2'
      ? argon2Setting(objectOf(about.additionalParameters) ?? {}, iterations)
      : pbkdf2Setting(algorithm, iterations, Buffer.from(tag, 'base64').length)
  return setting === null ? unknownHash(algorithm) : `${setting}$${salt}$${tag}`
}

function pbkdf2Setting(algorithm: string, iterations: number, bytes: number): string | null {
  const digest = Object.hasOwn(PBKDF2_DIGESTS, algorithm) ? PBKDF2_DIGESTS[algorithm] : undefined
  return digest === undefined ? null : `$pbkdf2-${digest}$i=${iterations},l=${bytes}`
}

/** Each parameter is a list of one text. */
function argon2Setting(parameters: JsonObject, iterations: number): string | null {
  const [type, version, memory, lanes] = ['type', 'version', 'memory', 'parallelism'].map((name) => {
    const value = parameters[name]
    return asText(Array.isArray(value) ? value[0] : value)
  })
  const number = ARGON2_VERSIONS[version ?? '']
  return number && /^(?:id|i|d)$/.test(type ?? '')
    ? `$argon2${type}$v=${number}$m=${memory},t=${iterations},p=${lanes}`
    : null
}

function objectOf(value: JsonValue | undefined): JsonObject | null {
  if (typeof value === 'string') return parseObject(value)
  return isObject(value) ? value : null
}

/** Base64 without the padding that PHC strings leave out. */
function base64(value: JsonValue | undefined): string {
  return asText(value).replaceAll('=', '')
}
