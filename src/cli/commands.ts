/** The command table: the command line, its help and its reference page come from it. */
import { lists } from '../domain/limits.ts'
import { userSorts } from '../domain/ports/administration.ts'
import { listAudit } from './audit.ts'
import { createBackup, replayLedger, restoreBackup, verifyBackup } from './backup.ts'
import { buildPasswordList } from './build-password-list.ts'
import { deleteUsers, disableUsers, enableUsers, setRoles, signOutUsers } from './change-users.ts'
import type { CommandSpec, OptionSpec } from './command.ts'
import { checkConfig, printConfig } from './config.ts'
import { copyStore } from './copy-store.ts'
import { createUser } from './create-user.ts'
import { doctor } from './doctor.ts'
import { explain } from './explain.ts'
import { healthcheck } from './healthcheck.ts'
import { dropKey, listKeys, rotateKeys } from './keys.ts'
import { writeTemplates } from './mail-templates.ts'
import { sendTest } from './mail-test.ts'
import { moveUserCommands } from './move-user-commands.ts'
import { printOpenApi } from './openapi.ts'
import { serve } from './serve.ts'
import { scrubStore, seedStore, verifyStore } from './upkeep.ts'
import { getUser, listSessions, listUsers } from './users.ts'

const limit: OptionSpec = {
  flag: '--limit <n>',
  summary: `how many, 1 to ${lists.pageMax}; ${lists.pageDefault} unless given`,
  range: [1, lists.pageMax],
  conflicts: ['--all'],
}
const all: OptionSpec = { flag: '--all', summary: 'every one, page by page as they come' }
const yes: OptionSpec = { flag: '--yes', summary: 'do not ask; needed where nobody sits at a terminal' }

const userCommands: readonly CommandSpec[] = [
  {
    name: 'users create',
    args: '<username> <email>',
    summary: 'Create a user; asks for the password, or reads it from standard input.',
    options: [
      { flag: '--role <role>', summary: 'a role; user unless given', repeatable: true },
      { flag: '--verified', summary: 'take the address as confirmed', conflicts: ['--send-link'] },
      {
        flag: '--password-file <file>',
        summary: 'read the password from this file',
        conflicts: ['--password-stdin', '--send-link'],
      },
      {
        flag: '--password-stdin',
        summary: 'read the password from standard input',
        conflicts: ['--send-link'],
      },
      { flag: '--send-link', summary: 'no password: mail a link to set one, good for seven days' },
    ],
    run: createUser,
  },
  {
    name: 'users list',
    summary: 'List and search users.',
    options: [
      { flag: '--search <text>', summary: 'the beginning of the e-mail address or the username' },
      { flag: '--role <role>', summary: 'only users with this role' },
      { flag: '--status <status>', summary: 'only these', choices: ['active', 'disabled'] },
      {
        flag: '--verified <yes>',
        summary: 'only users whose address is confirmed, or is not',
        choices: ['true', 'false'],
      },
      {
        flag: '--sort <field>',
        summary: 'the order; a hyphen in front turns it round, as in --sort=-email',
        choices: userSorts.flatMap((sort) => [sort, `-${sort}`]),
      },
      limit,
      all,
    ],
    run: listUsers,
  },
  { name: 'users get', args: '<user>', summary: 'Show a user.', run: getUser },
  {
    name: 'users set-role',
    args: '<user> <role...>',
    summary: 'Give a user these roles and no others; who loses one is signed out.',
    run: setRoles,
  },
  {
    name: 'users disable',
    args: '<user...>',
    summary: 'Keep users out; their sessions end.',
    run: disableUsers,
  },
  { name: 'users enable', args: '<user...>', summary: 'Let users in again.', run: enableUsers },
  {
    name: 'users delete',
    args: '<user...>',
    summary: 'Delete users for good, with everything that holds them.',
    options: [yes],
    run: deleteUsers,
  },
  {
    name: 'users sign-out',
    args: '<user...>',
    summary: 'End every session of users; mailed links die too.',
    run: signOutUsers,
  },
  ...moveUserCommands,
  { name: 'users sessions', args: '<user>', summary: 'List the sessions of a user.', run: listSessions },
]

const keyCommands: readonly CommandSpec[] = [
  { name: 'keys list', summary: 'List the keys that sign access tokens.', run: listKeys },
  {
    name: 'keys rotate',
    summary: 'Let the next key sign; the old one verifies until its last token has expired.',
    options: [
      { flag: '--force', summary: 'even if other services may not know the next key yet' },
      {
        flag: '--master',
        summary: 'seal with another master key instead; on SQLite the server has to be stopped',
        conflicts: ['--force'],
      },
      {
        flag: '--prepare',
        summary: 'with --master, for several servers: only add the key to the file, which then goes to each',
        conflicts: ['--force'],
      },
    ],
    run: rotateKeys,
  },
  {
    name: 'keys drop',
    args: '<kid>',
    summary: 'Take a stolen key out: what it has signed is refused at once.',
    options: [yes],
    run: dropKey,
  },
]

const ledger: OptionSpec = {
  flag: '--ledger <file>',
  summary: 'a deletions.ndjson from elsewhere, besides the one in the data folder',
  repeatable: true,
}

const backupCommands: readonly CommandSpec[] = [
  {
    name: 'backup create',
    args: '<file>',
    summary: 'Write a copy of all data, beside a running server too; the master key is not in it.',
    run: createBackup,
  },
  {
    name: 'backup verify',
    args: '<file>',
    summary: 'Check a backup from its first byte to its last; what is wrong fails it.',
    run: verifyBackup,
  },
  {
    name: 'restore',
    args: '<file>',
    summary: 'Put a backup in the place of the data of a stopped server; who was deleted since stays away.',
    options: [ledger, yes],
    run: restoreBackup,
  },
  {
    name: 'deletions replay',
    summary: 'After a mongorestore: delete again who was deleted since, and sign everybody out.',
    options: [ledger, yes],
    run: replayLedger,
  },
]

const upkeepCommands: readonly CommandSpec[] = [
  {
    name: 'doctor',
    summary: 'Check machine, settings, data, keys and mail, and say what to do; fails where a check fails.',
    run: doctor,
  },
  { name: 'verify', summary: 'Check all data against itself; what is found fails it.', run: verifyStore },
  {
    name: 'scrub',
    summary: 'Rewrite free space now, so that nothing deleted is readable in it.',
    run: scrubStore,
  },
  {
    name: 'seed',
    summary: 'Add made-up users to try the server with; goes on where an earlier run ended.',
    options: [
      {
        flag: '--users <n>',
        summary: `how many there are to be, 1 to ${lists.seedUsersMax}; 100 unless given`,
        range: [1, lists.seedUsersMax],
      },
      {
        flag: '--password-file <file>',
        summary: 'the password of all of them, from this file; else one is made and printed',
        conflicts: ['--password-stdin'],
      },
      { flag: '--password-stdin', summary: 'read the password from standard input' },
      { flag: '--yes', summary: 'in production mode too' },
    ],
    run: seedStore,
  },
  {
    name: 'copy-store',
    summary: 'Move a whole installation to another store, and check it; goes on where it was cut off.',
    options: [
      { flag: '--from <url>', summary: 'the store that there is; its server has to be stopped' },
      { flag: '--from-file <file>', summary: 'read that URL from this file', conflicts: ['--from'] },
      { flag: '--to <url>', summary: 'the store that is to be; it has to be empty' },
      { flag: '--to-file <file>', summary: 'read that URL from this file', conflicts: ['--to'] },
    ],
    run: copyStore,
  },
]

export const commands: readonly CommandSpec[] = [
  { name: 'serve', summary: 'Run the server.', run: serve },
  {
    name: 'healthcheck',
    summary: 'Ask the server of these settings whether it is ready for traffic; fails where it is not.',
    options: [{ flag: '--live', summary: 'only whether it answers, be the database there or not' }],
    run: healthcheck,
  },
  ...userCommands,
  {
    name: 'audit',
    summary: 'List what was done, by whom and to whom, the newest first.',
    options: [
      { flag: '--user <user>', summary: 'only what was done to this user' },
      { flag: '--actor <user>', summary: 'only what this user did' },
      limit,
      all,
    ],
    run: listAudit,
  },
  ...keyCommands,
  ...backupCommands,
  ...upkeepCommands,
  {
    name: 'mail test',
    args: '<address>',
    summary: 'Send a test mail at once, and say what the mail server answered.',
    run: sendTest,
  },
  {
    name: 'mail templates',
    summary: 'Write the built-in words and looks of mails into a folder, to start your own from.',
    options: [{ flag: '--out <dir>', summary: 'the folder; needed, made where it is missing' }],
    run: writeTemplates,
  },
  {
    name: 'passwords build-list',
    args: '<input...>',
    summary: 'Make a file of passwords to refuse, from lists and breach downloads; - is standard input.',
    options: [{ flag: '--out <file>', summary: 'where it is written; needed' }],
    run: buildPasswordList,
  },
  {
    name: 'config print',
    summary: 'Show every setting, its value and where that comes from.',
    run: printConfig,
  },
  { name: 'config check', summary: 'Check the settings; says everything that is wrong.', run: checkConfig },
  { name: 'openapi', summary: 'Print the contract of the API for programs.', run: printOpenApi },
  { name: 'explain', args: '<code>', summary: 'Say what an error code means and what to do.', run: explain },
]
