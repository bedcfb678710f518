import { DomainError } from './errors.ts'

/** What every engine says of a copy that has not come to its end. */
export function unfinishedCopy(): DomainError {
  return new DomainError('store_incompatible', {
    detail:
      'This database is an unfinished copy of another one: run "user-management copy-store" again, which ' +
      'goes on where it stopped, or erase this database.',
  })
}
