/**
 * The fields of the wire, each stated once: types, validation, OpenAPI and examples come from here.
 * `requests.ts` and `answers.ts` put them together; limits come from `domain/limits.ts`.
 */
import Type, { type TSchema } from 'typebox'
import { input } from '../domain/limits.ts'

/** One line of text: no control characters, no half surrogate pairs. */
const LINE = '^[^\\p{Cc}\\p{Cs}]*$'
/** Text with line breaks. */
const TEXT = '^[^\\p{Cs}\\u0000-\\u0008\\u000B\\u000C\\u000E-\\u001F\\u007F]*$'
const HTTPS = '^https://[^\\s/?#\\p{Cc}\\p{Cs}][^\\s\\p{Cc}\\p{Cs}]*$'

export const closed = { additionalProperties: false } as const

function nullable<S extends TSchema>(schema: S) {
  return Type.Union([schema, Type.Null()])
}

/** A member of an answer that may be null, in the form that the serializer writes fastest. */
export function textOrNull(options: Readonly<Record<string, unknown>>) {
  return Type.Unsafe<string | null>({ ...options, type: ['string', 'null'] })
}

export const time = { format: 'date-time', examples: ['2026-11-24T09:30:00.000Z'] }
export const uuid = { format: 'uuid', examples: ['019ab2c4-5d6e-7f80-9a1b-2c3d4e5f6071'] }

export const username = Type.String({
  description: '3 to 32 of A-Z a-z 0-9 . _ -; shown as typed, unique without regard to case.',
  examples: ['ada'],
})
export const email = Type.String({ description: 'An e-mail address.', examples: ['ada@example.com'] })
export const newPassword = Type.String({
  description: '8 to 256 characters; not a common password, nor one with the username or address in it.',
  examples: ['correct horse battery staple'],
})
export const password = Type.String({
  minLength: 1,
  maxLength: input.presentedPasswordMaxLength,
  description: 'The current password.',
  examples: ['correct horse battery staple'],
})
export const locale = Type.String({
  description: 'Language tag (BCP 47) for mails and pages.',
  examples: ['en'],
})

export const name = { minLength: 1, maxLength: input.nameMaxLength, pattern: LINE }
const link = { maxLength: input.urlMaxLength, pattern: HTTPS }
const profileFields = {
  display_name: Type.String({ ...name, examples: ['Ada Lovelace'] }),
  given_name: Type.String({ ...name, examples: ['Ada'] }),
  family_name: Type.String({ ...name, examples: ['Lovelace'] }),
  picture: Type.String({ ...link, description: 'https URL', examples: ['https://example.com/ada.jpg'] }),
  website: Type.String({ ...link, description: 'https URL', examples: ['https://example.com/'] }),
  bio: Type.String({ maxLength: input.bioMaxLength, pattern: TEXT, examples: ['First programmer.'] }),
}
type ProfileField = keyof typeof profileFields

export const profile = Type.Object(
  {
    display_name: Type.Optional(profileFields.display_name),
    given_name: Type.Optional(profileFields.given_name),
    family_name: Type.Optional(profileFields.family_name),
    picture: Type.Optional(profileFields.picture),
    website: Type.Optional(profileFields.website),
    bio: Type.Optional(profileFields.bio),
  } satisfies Record<ProfileField, TSchema>,
  { ...closed, description: 'What the user tells about itself; at most 4 KiB.' },
)
export const profilePatch = Type.Object(
  {
    display_name: Type.Optional(nullable(profileFields.display_name)),
    given_name: Type.Optional(nullable(profileFields.given_name)),
    family_name: Type.Optional(nullable(profileFields.family_name)),
    picture: Type.Optional(nullable(profileFields.picture)),
    website: Type.Optional(nullable(profileFields.website)),
    bio: Type.Optional(nullable(profileFields.bio)),
  } satisfies Record<ProfileField, TSchema>,
  { ...closed, description: 'Merged key by key; null clears a key.' },
)
