// Generated from the OpenAPI document by scripts/generate-client.ts: npm run generate.

export type User = {
  id: string
  username: string
  email: string
  email_verified: boolean
  pending_email: string | null
  roles: readonly string[]
  status: 'active' | 'disabled'
  locale: string
  profile: { readonly [name: string]: unknown }
  created_at: string
  updated_at: string
  last_sign_in_at: string | null
}

export type SignedIn = {
  access_token: string
  token_type: 'Bearer'
  expires_in: number
  refresh_token: string
  refresh_expires_in: number
  session_id: string
  user: User
}

export type UserList = { items: readonly User[]; next: string | null; previous: string | null }

export type Session = {
  id: string
  current: boolean
  device_name: string | null
  user_agent: string | null
  created_at: string
  last_used_at: string
  expires_at: string
}

export type SessionList = { items: readonly Session[]; next: string | null; previous: string | null }

export type AuditEvent = {
  id: string
  at: string
  action: string
  actor_id: string | null
  user_id: string | null
  request_id: string
  detail: string | null
}

export type AuditEventList = { items: readonly AuditEvent[]; next: string | null; previous: string | null }

export type DeletionReceipt = {
  deletion_id: string
  deleted_at: string
  erased: { readonly [name: string]: number }
  retained: readonly { what: string; reason: string; until: string }[]
}

export type AccountExport = { exported_at: string; user: User } & { readonly [name: string]: unknown }

export type Problem = {
  type: string
  title: string
  status: number
  detail: string
  instance: string
  code: string
  action: string
  errors?: readonly { pointer: string; code: string; message: string }[] | undefined
  request_id: string
  retry_after?: number | undefined
}

/** Every operation: what it takes, what it answers by status, and the codes of its problems. */
export interface Operations {
  /** Create an account */
  register: {
    input: {
      headers?: { 'Idempotency-Key'?: string | undefined }
      body: {
        username: string
        email: string
        password: string
        profile?: { readonly [name: string]: unknown }
        locale?: string | undefined
      }
    }
    answers: { 201: User; 202: { status: 'accepted' } }
    codes:
      | 'request_invalid'
      | 'json_invalid'
      | 'registration_closed'
      | 'email_taken'
      | 'username_taken'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'idempotency_key_reused'
      | 'validation_failed'
      | 'rate_limited'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** Sign in */
  login: {
    input: {
      body: {
        email?: string | undefined
        username?: string | undefined
        password: string
        device_token?: string | undefined
        device_name?: string | undefined
      }
    }
    answers: {
      200: {
        access_token: string
        token_type: 'Bearer'
        expires_in: number
        refresh_token: string
        refresh_expires_in: number
        session_id: string
        user: User
        device_token: string
      }
    }
    codes:
      | 'request_invalid'
      | 'json_invalid'
      | 'invalid_credentials'
      | 'email_not_verified'
      | 'account_disabled'
      | 'cross_site_request'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'validation_failed'
      | 'rate_limited'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** Read my account */
  profileRead: {
    input: {}
    answers: { 200: User }
    codes:
      | 'request_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'internal_error'
      | 'store_unavailable'
  }
  /** Change my account */
  profileUpdate: {
    input: {
      headers?: { 'If-Match'?: string | undefined }
      body: {
        username?: string | undefined
        email?: string | undefined
        locale?: string | undefined
        profile?: { readonly [name: string]: unknown }
      }
    }
    answers: { 200: User }
    codes:
      | 'request_invalid'
      | 'json_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'fresh_authentication_required'
      | 'email_taken'
      | 'username_taken'
      | 'profile_changed'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'validation_failed'
      | 'rate_limited'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** Ask for a password link */
  resetPasswordRequest: {
    input: { body: { email: string } }
    answers: { 202: { status: 'accepted' } }
    codes:
      | 'request_invalid'
      | 'json_invalid'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'validation_failed'
      | 'rate_limited'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** Set a new password with the mailed link */
  resetPasswordConfirm: {
    input: { params: { token: string }; body: { password: string } }
    answers: { 200: { status: 'password_changed'; sessions_revoked: number; device_token: string } }
    codes:
      | 'request_invalid'
      | 'reset_token_invalid'
      | 'reset_token_expired'
      | 'reset_token_used'
      | 'json_invalid'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'validation_failed'
      | 'rate_limited'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** The page behind the mailed link */
  resetPasswordPage: {
    input: { params: { token: string } }
    answers: { 200: string }
    codes: never
  }
  /** Set a new password from the page */
  resetPasswordForm: {
    input: { body: { token: string; password: string; username?: string | undefined } }
    answers: { 200: string }
    codes: never
  }
  /** Delete my account for good */
  deleteAccount: {
    input: { body?: { password?: string | undefined } }
    answers: { 200: DeletionReceipt }
    codes:
      | 'request_invalid'
      | 'json_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'fresh_authentication_required'
      | 'password_incorrect'
      | 'last_admin'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'validation_failed'
      | 'rate_limited'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** Ask for the confirmation link again */
  verifyEmailRequest: {
    input: { body: { email: string } }
    answers: { 202: { status: 'accepted' } }
    codes:
      | 'request_invalid'
      | 'json_invalid'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'validation_failed'
      | 'rate_limited'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** Confirm an address with the mailed link */
  verifyEmailConfirm: {
    input: { params: { token: string }; body?: { password?: string | undefined } }
    answers: { 200: User }
    codes:
      | 'request_invalid'
      | 'verify_token_invalid'
      | 'verify_token_expired'
      | 'verify_token_used'
      | 'json_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'permission_denied'
      | 'password_incorrect'
      | 'email_taken'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'validation_failed'
      | 'rate_limited'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** The page behind the mailed link */
  verifyEmailPage: {
    input: { params: { token: string } }
    answers: { 200: string }
    codes: never
  }
  /** Confirm an address from the page */
  verifyEmailForm: {
    input: { body: { token: string; password: string; username?: string | undefined } }
    answers: { 200: string }
    codes: never
  }
  /** The page that makes the first administrator */
  setupPage: {
    input: { params: { token: string } }
    answers: { 200: string }
    codes: never
  }
  /** Make the first administrator from the page */
  setupForm: {
    input: { body: { token: string; username: string; email: string; password: string } }
    answers: { 200: string }
    codes: never
  }
  /** Change my password */
  passwordChange: {
    input: { body: { current_password: string; new_password: string } }
    answers: { 204: undefined }
    codes:
      | 'request_invalid'
      | 'json_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'password_incorrect'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'validation_failed'
      | 'rate_limited'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** Read everything that is stored about me */
  exportAccount: {
    input: {}
    answers: { 200: AccountExport }
    codes:
      | 'request_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'fresh_authentication_required'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** Get a new token pair */
  refresh: {
    input: { body: { refresh_token: string } }
    answers: { 200: SignedIn }
    codes:
      | 'request_invalid'
      | 'json_invalid'
      | 'refresh_token_invalid'
      | 'refresh_token_expired'
      | 'refresh_token_reused'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'validation_failed'
      | 'rate_limited'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** End this session */
  logout: {
    input: {}
    answers: { 204: undefined }
    codes:
      | 'request_invalid'
      | 'json_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'validation_failed'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** List my sessions */
  sessionsList: {
    input: {}
    answers: { 200: SessionList }
    codes:
      | 'request_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'internal_error'
      | 'store_unavailable'
  }
  /** End all my other sessions */
  sessionsEndOthers: {
    input: {}
    answers: { 204: undefined }
    codes:
      | 'request_invalid'
      | 'json_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'validation_failed'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** End one of my sessions */
  sessionsEnd: {
    input: { params: { id: string } }
    answers: { 204: undefined }
    codes:
      | 'request_invalid'
      | 'json_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'session_not_found'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'validation_failed'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** Prove my password again */
  reauthenticate: {
    input: { body: { password: string } }
    answers: { 200: SignedIn }
    codes:
      | 'request_invalid'
      | 'json_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'password_incorrect'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'validation_failed'
      | 'rate_limited'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** List and search users */
  listUsers: {
    input: {
      query?: {
        limit?: number | undefined
        cursor?: string | undefined
        search?: string | undefined
        role?: string | undefined
        status?: 'active' | 'disabled' | undefined
        verified?: boolean | undefined
        sort?:
          | 'created_at'
          | '-created_at'
          | 'email'
          | '-email'
          | 'username'
          | '-username'
          | 'last_sign_in_at'
          | '-last_sign_in_at'
          | undefined
      }
    }
    answers: { 200: UserList }
    codes:
      | 'request_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'permission_denied'
      | 'validation_failed'
      | 'internal_error'
      | 'store_unavailable'
  }
  /** Create a user */
  createUser: {
    input: {
      body: {
        username: string
        email: string
        roles?: readonly string[] | undefined
        locale?: string | undefined
      }
    }
    answers: { 201: User; 202: { status: 'accepted' } }
    codes:
      | 'request_invalid'
      | 'json_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'insufficient_privilege'
      | 'permission_denied'
      | 'email_taken'
      | 'username_taken'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'validation_failed'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** Read a user */
  readUser: {
    input: { params: { id: string } }
    answers: { 200: User }
    codes:
      | 'request_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'permission_denied'
      | 'user_not_found'
      | 'internal_error'
      | 'store_unavailable'
  }
  /** Change the roles or the status of a user */
  changeAccess: {
    input: {
      params: { id: string }
      body: { roles?: readonly string[] | undefined; status?: 'active' | 'disabled' | undefined }
    }
    answers: { 200: User }
    codes:
      | 'request_invalid'
      | 'json_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'insufficient_privilege'
      | 'permission_denied'
      | 'user_not_found'
      | 'last_admin'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'validation_failed'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** Delete a user for good */
  deleteUser: {
    input: { params: { id: string } }
    answers: { 200: DeletionReceipt }
    codes:
      | 'request_invalid'
      | 'json_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'insufficient_privilege'
      | 'permission_denied'
      | 'user_not_found'
      | 'last_admin'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'validation_failed'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** List the sessions of a user */
  userSessions: {
    input: { params: { id: string } }
    answers: { 200: SessionList }
    codes:
      | 'request_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'permission_denied'
      | 'user_not_found'
      | 'internal_error'
      | 'store_unavailable'
  }
  /** Sign a user out everywhere */
  signOut: {
    input: { params: { id: string } }
    answers: { 200: { sessions_revoked: number } }
    codes:
      | 'request_invalid'
      | 'json_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'insufficient_privilege'
      | 'permission_denied'
      | 'user_not_found'
      | 'body_too_large'
      | 'media_type_unsupported'
      | 'validation_failed'
      | 'internal_error'
      | 'overloaded'
      | 'store_unavailable'
  }
  /** List what was done, by whom and to whom */
  listAudit: {
    input: {
      query?: {
        limit?: number | undefined
        cursor?: string | undefined
        user_id?: string | undefined
        actor_id?: string | undefined
      }
    }
    answers: { 200: AuditEventList }
    codes:
      | 'request_invalid'
      | 'token_missing'
      | 'token_invalid'
      | 'token_expired'
      | 'session_revoked'
      | 'permission_denied'
      | 'validation_failed'
      | 'internal_error'
      | 'store_unavailable'
  }
  /** The keys that verify our tokens */
  jwks: {
    input: {}
    answers: { 200: { keys: readonly { readonly [name: string]: unknown }[] } }
    codes: 'request_invalid' | 'internal_error' | 'store_unavailable'
  }
  /** Where issuer and keys are found */
  discovery: {
    input: {}
    answers: {
      200: {
        issuer: string
        jwks_uri: string
        subject_types_supported: readonly string[]
        id_token_signing_alg_values_supported: readonly string[]
        response_types_supported: readonly string[]
      }
    }
    codes: 'request_invalid' | 'internal_error'
  }
  /** Is the process alive? */
  livez: {
    input: {}
    answers: { 200: { status: 'ok' } }
    codes: 'request_invalid' | 'internal_error'
  }
  /** May traffic be sent here? */
  readyz: {
    input: {}
    answers: { 200: { status: 'ok' } }
    codes: 'request_invalid' | 'internal_error' | 'store_unavailable'
  }
  /** The built-in inbox */
  devMailPage: {
    input: {}
    answers: { 200: string }
    codes: never
  }
  /** The built-in inbox, for programs */
  devMailMessages: {
    input: {
      query?: {
        to?: string | undefined
        kind?: string | undefined
        after?: string | undefined
        wait?: string | undefined
      }
    }
    answers: {
      200: {
        messages: readonly {
          id: string
          to: string
          kind: string
          subject: string
          sent_at: string
          text: string
          html: string
          links: readonly string[]
          tokens: readonly string[]
        }[]
      }
    }
    codes: 'request_invalid' | 'not_found' | 'validation_failed' | 'internal_error' | 'store_unavailable'
  }
  /** This page */
  docs: {
    input: {}
    answers: { 200: string }
    codes: never
  }
  /** This contract for programs */
  openapi: {
    input: {}
    answers: { 200: { readonly [name: string]: unknown } }
    codes: 'request_invalid' | 'internal_error'
  }
  /** Every error code */
  errorIndex: {
    input: {}
    answers: { 200: string }
    codes: never
  }
  /** One error code */
  errorPage: {
    input: { params: { code: string } }
    answers: { 200: string }
    codes: never
  }
}

/** Method, path, whether an access token goes with it, and whether its body is a form. */
export type Row = readonly [
  method: string,
  path: string,
  token: 'none' | 'optional' | 'needed',
  body?: 'form',
]

export const operations: Readonly<Record<keyof Operations, Row>> = {
  register: ['POST', '/users/register', 'none'],
  login: ['POST', '/users/login', 'none'],
  profileRead: ['GET', '/users/profile', 'needed'],
  profileUpdate: ['PUT', '/users/profile', 'needed'],
  resetPasswordRequest: ['POST', '/users/reset-password', 'none'],
  resetPasswordConfirm: ['POST', '/users/reset-password/{token}', 'none'],
  resetPasswordPage: ['GET', '/users/reset-password/{token}', 'none'],
  resetPasswordForm: ['POST', '/account/reset-password', 'none', 'form'],
  deleteAccount: ['DELETE', '/users/delete', 'needed'],
  verifyEmailRequest: ['POST', '/users/verify-email', 'none'],
  verifyEmailConfirm: ['POST', '/users/verify-email/{token}', 'optional'],
  verifyEmailPage: ['GET', '/users/verify-email/{token}', 'none'],
  verifyEmailForm: ['POST', '/account/verify-email', 'none', 'form'],
  setupPage: ['GET', '/setup/{token}', 'none'],
  setupForm: ['POST', '/account/setup', 'none', 'form'],
  passwordChange: ['PUT', '/users/password', 'needed'],
  exportAccount: ['GET', '/users/export', 'needed'],
  refresh: ['POST', '/users/token/refresh', 'none'],
  logout: ['POST', '/users/logout', 'needed'],
  sessionsList: ['GET', '/users/sessions', 'needed'],
  sessionsEndOthers: ['DELETE', '/users/sessions', 'needed'],
  sessionsEnd: ['DELETE', '/users/sessions/{id}', 'needed'],
  reauthenticate: ['POST', '/users/reauthenticate', 'needed'],
  listUsers: ['GET', '/users', 'needed'],
  createUser: ['POST', '/users', 'needed'],
  readUser: ['GET', '/users/{id}', 'needed'],
  changeAccess: ['PATCH', '/users/{id}', 'needed'],
  deleteUser: ['DELETE', '/users/{id}', 'needed'],
  userSessions: ['GET', '/users/{id}/sessions', 'needed'],
  signOut: ['POST', '/users/{id}/sign-out', 'needed'],
  listAudit: ['GET', '/audit', 'needed'],
  jwks: ['GET', '/.well-known/jwks.json', 'none'],
  discovery: ['GET', '/.well-known/openid-configuration', 'none'],
  livez: ['GET', '/livez', 'none'],
  readyz: ['GET', '/readyz', 'none'],
  devMailPage: ['GET', '/dev/mail', 'none'],
  devMailMessages: ['GET', '/dev/mail/messages', 'none'],
  docs: ['GET', '/docs', 'none'],
  openapi: ['GET', '/openapi.json', 'none'],
  errorIndex: ['GET', '/docs/errors', 'none'],
  errorPage: ['GET', '/docs/errors/{code}', 'none'],
}
