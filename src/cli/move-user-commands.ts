import type { CommandSpec } from './command.ts'
import { exportUsers } from './export-users.ts'
import { importFormats } from './import-formats.ts'
import { importUsers } from './import-users.ts'

/** The part of the command table that moves users in and out. */
export const moveUserCommands: readonly CommandSpec[] = [
  {
    name: 'users import',
    args: '<file...>',
    summary: 'Take in users as they were elsewhere, with their password hashes; - is standard input.',
    options: [
      {
        flag: '--from <format>',
        summary: 'what the files are; shows in the ending of .ndjson and .csv',
        choices: importFormats,
      },
      { flag: '--dry-run', summary: 'check every user and write nothing' },
      {
        flag: '--rejects <file>',
        summary: 'write users that are refused here, with the reason, to mend them',
      },
      {
        flag: '--resume',
        summary: 'go on where an import of these files was cut off',
        conflicts: ['--dry-run'],
      },
      { flag: '--id-map <file>', summary: 'write which id of the source became which id here' },
      {
        flag: '--profile-field <name=path>',
        summary: 'a profile field, and where the source has it',
        repeatable: true,
      },
      { flag: '--role <theirs=ours>', summary: 'what a role of the source is here', repeatable: true },
      { flag: '--table <name>', summary: 'which table or list of the source has the users' },
      {
        flag: '--without-unknown-hashes',
        summary: 'users whose password hash is unknown here come without it, and reset it by mail',
      },
    ],
    run: importUsers,
  },
  {
    name: 'users export',
    summary: 'Give out every user, as a user in JSON on each line.',
    options: [
      { flag: '--out <file>', summary: 'write to this file, which only its owner can read' },
      { flag: '--csv', summary: 'as CSV, with a head line' },
      { flag: '--without-hashes', summary: 'leave the password hashes out' },
      { flag: '--yes', summary: 'print password hashes on a terminal too' },
    ],
    run: exportUsers,
  },
]
