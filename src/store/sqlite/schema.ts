/**
 * The migrations, oldest first; `user_version` of a file is the number of the last one that it has seen. A
 * released step never changes. Ids are the 16 bytes of a UUID, times INTEGER milliseconds, and no column
 * holds a float. Foreign keys don't cascade: the registry erases, and a table that it forgets makes the
 * deletion fail.
 */

/** Marks a file as ours in its header ("UMSV"). */
export const applicationId = 0x554d5356

export interface Migration {
  readonly version: number
  readonly sql: string
}

const users = `
  CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    username TEXT NOT NULL,
    email TEXT NOT NULL,
    email_verified INTEGER NOT NULL CHECK (email_verified IN (0, 1)),
    pending_email TEXT,
    password_hash TEXT,
    roles TEXT NOT NULL CHECK (json_valid(roles)),
    admin INTEGER NOT NULL CHECK (admin IN (0, 1)),
    status TEXT NOT NULL CHECK (status IN ('active', 'disabled', 'pending')),
    locale TEXT NOT NULL,
    profile TEXT NOT NULL CHECK (json_valid(profile)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_sign_in_at INTEGER,
    version INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    device_epoch INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX users_created ON users (created_at, id);
  CREATE INDEX users_admins ON users (admin) WHERE admin = 1;
  CREATE INDEX users_roles ON users (roles) WHERE roles <> '["user"]';
  CREATE INDEX users_disabled ON users (id) WHERE status = 'disabled';
  CREATE INDEX users_pending ON users (created_at) WHERE status = 'pending';
  CREATE INDEX users_unverified ON users (id) WHERE email_verified = 0;
  CREATE INDEX users_sign_in ON users (COALESCE(last_sign_in_at, -1), id);
  CREATE TABLE identifiers (
    key TEXT NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id),
    body BLOB,
    expires_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX identifiers_user ON identifiers (user_id);
  CREATE INDEX identifiers_expiry ON identifiers (expires_at) WHERE expires_at IS NOT NULL;`

const sessions = `
  CREATE TABLE sessions (
    user_id BLOB NOT NULL REFERENCES users (id),
    id BLOB NOT NULL CHECK (length(id) = 16),
    epoch INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    refresh_key_id INTEGER NOT NULL,
    rotated_at INTEGER NOT NULL,
    repeats INTEGER NOT NULL DEFAULT 0,
    auth_time INTEGER NOT NULL,
    device_name TEXT,
    user_agent TEXT,
    created_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX sessions_expiry ON sessions (expires_at);
  CREATE TABLE one_time_tokens (
    hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    kind TEXT NOT NULL,
    user_id BLOB REFERENCES users (id),
    epoch INTEGER NOT NULL,
    email TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX one_time_tokens_user ON one_time_tokens (user_id) WHERE user_id IS NOT NULL;
  CREATE INDEX one_time_tokens_expiry ON one_time_tokens (expires_at);
  CREATE TABLE setup_tokens (
    hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
  ) STRICT, WITHOUT ROWID;`

const messages = `
  CREATE TABLE outgoing_mails (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id BLOB REFERENCES users (id),
    kind TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX outgoing_mails_due ON outgoing_mails (due_at, id);
  CREATE INDEX outgoing_mails_user ON outgoing_mails (user_id) WHERE user_id IS NOT NULL;
  CREATE INDEX outgoing_mails_expiry ON outgoing_mails (expires_at);
  CREATE TABLE inbox_messages (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    user_id BLOB NOT NULL REFERENCES users (id),
    sealed BLOB NOT NULL,
    sent_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX inbox_messages_user ON inbox_messages (user_id);`

const records = `
  CREATE TABLE audit_events (
    id BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    at INTEGER NOT NULL,
    action TEXT NOT NULL,
    actor_id BLOB,
    user_id BLOB,
    request_id TEXT NOT NULL,
    detail TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX audit_events_user ON audit_events (user_id, id) WHERE user_id IS NOT NULL;
  CREATE INDEX audit_events_actor ON audit_events (actor_id, id) WHERE actor_id IS NOT NULL;
  CREATE INDEX audit_events_at ON audit_events (at);
  CREATE TABLE signing_keys (
    kid TEXT NOT NULL PRIMARY KEY,
    algorithm TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('next', 'active', 'retired')),
    public_jwk TEXT NOT NULL CHECK (json_valid(public_jwk)),
    sealed_private BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    activated_at INTEGER,
    retires_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE counters (
    key TEXT NOT NULL PRIMARY KEY,
    count INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX counters_end ON counters (ends_at);
  CREATE TABLE deletions (
    hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX deletions_at ON deletions (at);
  CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE unfinished_copy (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    source BLOB NOT NULL,
    place TEXT
  ) STRICT;`

/** Every step from an empty file to this version. */
export const migrations: readonly Migration[] = [
  { version: 1, sql: [users, sessions, messages, records].join('\n') },
]
