/** Taking, finishing and putting back of waiting mails, wherever they wait. */
import { ObjectId, type AnyBulkWriteOperation } from 'mongodb'
import { mongodb as limits } from '../../domain/limits.ts'
import type { AuditEvent } from '../../domain/ports/records.ts'
import type { Id, Ms } from '../../domain/ports/runtime.ts'
import type { Store } from '../../domain/ports/store.ts'
import { writeEvent } from './audit.ts'
import { bounded, type Collections, type DocumentId, type StoredDocument } from './connection.ts'
import { bytes, id, idValue, maybeDoc, maybeId, time, type Doc } from './documents.ts'
import { waitingMail, type ClaimedMail, type WaitingMail } from './outbox.ts'
import { keep, type Transact } from './transactions.ts'

type Claim = Parameters<Store['claimMail']>[0]

export interface MailDesk {
  /** See `Store.claimMail`. */
  claim(claim: Claim): Promise<readonly ClaimedMail[]>
  /** See `Store.finishMail`. */
  finish(mail: { readonly id: Id; readonly audit: AuditEvent | null }): Promise<void>
  /** See `Store.retryMail`. */
  retry(mail: { readonly id: Id; readonly dueAt: Ms }): Promise<void>
}

/**
 * Remembers in which token a claimed mail lies until the lease ends, since a mail's own id is no shard key.
 * Claims of one process run one after the other, so that they contend with other processes only.
 */
export function createMailDesk(collections: Collections, transact: Transact): MailDesk {
  const leased = new Map<Id, { readonly tokenHash: Uint8Array; readonly leaseUntil: Ms }>()
  let last: Promise<unknown> = Promise.resolve()

  const claimNow = async (claim: Claim): Promise<readonly ClaimedMail[]> => {
    for (const [mailId, { leaseUntil }] of leased) if (leaseUntil <= claim.now) leased.delete(mailId)
    const taken = await claimDue(collections, claim)
    for (const { mail, tokenHash } of taken) {
      if (tokenHash) leased.set(mail.id, { tokenHash, leaseUntil: claim.leaseUntil })
    }
    return taken.map(({ mail }) => mail)
  }
  /** In the token that the claim has shown, else in the outbox, else in a token of somebody else's claim. */
  const wherever = async (mailId: Id, act: (tokenHash: Uint8Array | null) => Promise<boolean>) => {
    const known = leased.get(mailId)?.tokenHash
    if (known) await act(known)
    else if (!(await act(null))) {
      const carrier = await findCarrier(collections, mailId)
      if (carrier) await act(carrier)
    }
    leased.delete(mailId)
  }
  return {
    claim: (claim) => {
      const claimed = last.then(() => claimNow(claim))
      last = claimed.catch(() => undefined)
      return claimed
    },
    finish: (mail) =>
      wherever(mail.id, (tokenHash) => finishMail(collections, transact, { ...mail, tokenHash })),
    retry: (mail) =>
      wherever(mail.id, (tokenHash) =>
        putBack(collections, { mailId: mail.id, dueAt: mail.dueAt, tokenHash }),
      ),
  }
}

/** Takes due mails until there are enough; what another process has taken meanwhile is looked for again. */
async function claimDue(collections: Collections, claim: Claim): Promise<readonly WaitingMail[]> {
  const taken: WaitingMail[] = []
  for (let attempt = 0; attempt < limits.attempts && taken.length < claim.limit; attempt += 1) {
    const wanted = claim.limit - taken.length
    const due = await findDue(collections, claim.now, wanted)
    if (due.length === 0) break
    const won = await lease(collections, due, claim)
    taken.push(...(await withoutOrphans(collections, won)))
    if (won.length === due.length && due.length < wanted) break
  }
  return taken
}

/** The oldest due mails of both places, by due time and id. */
async function findDue(
  { outbox, tokens }: Collections,
  now: Ms,
  limit: number,
): Promise<readonly WaitingMail[]> {
  const at = time(now)
  const [queued, carried] = await Promise.all([
    outbox
      .find({ due: { $lte: at } }, bounded)
      .sort({ due: 1, _id: 1 })
      .limit(limit)
      .toArray(),
    tokens
      .find({ 'mail.due': { $lte: at } }, { ...bounded, projection: { userId: 1, mail: 1 } })
      .sort({ 'mail.due': 1, 'mail.id': 1 })
      .limit(limit)
      .toArray(),
  ])
  return [...queued.map(queuedMail), ...carried.flatMap(tokenMail)]
    .toSorted((one, other) => one.dueAt - other.dueAt || (one.mail.id < other.mail.id ? -1 : 1))
    .slice(0, limit)
}

function queuedMail(doc: Doc): WaitingMail {
  return waitingMail(doc, { idField: '_id', userId: maybeId(doc, 'userId'), tokenHash: null })
}

function tokenMail(doc: Doc): readonly WaitingMail[] {
  const mail = maybeDoc(doc, 'mail')
  if (!mail) return []
  return [waitingMail(mail, { idField: 'id', userId: maybeId(doc, 'userId'), tokenHash: bytes(doc, '_id') })]
}

/** Of racing claims of one mail one matches; which, is read back by the claim's id where not all matched. */
async function lease(
  { outbox, tokens }: Collections,
  due: readonly WaitingMail[],
  claim: Claim,
): Promise<readonly WaitingMail[]> {
  const claimId = new ObjectId()
  const until = time(claim.leaseUntil)
  const queued = due.filter(({ tokenHash }) => tokenHash === null)
  const carried = due.filter(({ tokenHash }) => tokenHash !== null)
  const wonQueued = await leaseIn(outbox, queued, {
    claimId,
    operation: ({ mail, dueAt }) => ({
      filter: { _id: idValue(mail.id), due: time(dueAt), attempts: mail.attempts },
      update: { $set: { due: until, claim: claimId }, $inc: { attempts: 1 } },
    }),
    won: { key: ({ mail }) => idValue(mail.id), field: 'claim', idOf: (doc) => id(doc, '_id') },
  })
  const wonCarried = await leaseIn(tokens, carried, {
    claimId,
    operation: ({ mail, dueAt, tokenHash }) => ({
      filter: { _id: tokenHash, 'mail.due': time(dueAt), 'mail.attempts': mail.attempts },
      update: { $set: { 'mail.due': until, 'mail.claim': claimId }, $inc: { 'mail.attempts': 1 } },
    }),
    won: {
      key: hashOf,
      field: 'mail.claim',
      idOf: (doc) => id(maybeDoc(doc, 'mail') ?? {}, 'id'),
    },
  })
  return due.filter(({ mail }) => wonQueued.has(mail.id) || wonCarried.has(mail.id))
}

interface Leasing {
  readonly claimId: ObjectId
  readonly operation: (mail: WaitingMail) => { filter: object; update: object }
  readonly won: {
    readonly key: (mail: WaitingMail) => DocumentId
    readonly field: string
    readonly idOf: (doc: Doc) => Id
  }
}

async function leaseIn(
  collection: Collections['outbox'],
  mails: readonly WaitingMail[],
  { claimId, operation, won }: Leasing,
): Promise<ReadonlySet<Id>> {
  if (mails.length === 0) return new Set()
  const operations = mails.map((mail): AnyBulkWriteOperation<StoredDocument> => ({
    updateOne: operation(mail),
  }))
  const { matchedCount } = await collection.bulkWrite(operations, { ...bounded, ordered: false })
  if (matchedCount === mails.length) return new Set(mails.map(({ mail }) => mail.id))
  if (matchedCount === 0) return new Set()
  const filter = { _id: { $in: mails.map(won.key) }, [won.field]: claimId }
  return new Set((await collection.find(filter, bounded).toArray()).map(won.idOf))
}

function hashOf({ tokenHash }: WaitingMail): Uint8Array {
  return tokenHash ?? new Uint8Array(0)
}

/** A token that was asked for as its user was deleted goes, with its mail. */
async function withoutOrphans(
  { users, tokens }: Collections,
  mails: readonly WaitingMail[],
): Promise<readonly WaitingMail[]> {
  const owners = new Set(mails.flatMap(({ mail, tokenHash }) => (tokenHash && mail.userId) ?? []))
  if (owners.size === 0) return mails
  const filter = { _id: { $in: [...owners].map(idValue) } }
  const found = await users.find(filter, { ...bounded, projection: { _id: 1 } }).toArray()
  const alive = new Set(found.map((doc) => id(doc, '_id')))
  const isOrphan = ({ mail, tokenHash }: WaitingMail): boolean =>
    tokenHash !== null && mail.userId !== null && !alive.has(mail.userId)
  const orphans = mails.filter(isOrphan)
  if (orphans.length === 0) return mails
  await tokens.deleteMany({ _id: { $in: orphans.map(hashOf) } }, bounded)
  return mails.filter((mail) => !isOrphan(mail))
}

interface Finishing {
  readonly id: Id
  readonly audit: AuditEvent | null
  readonly tokenHash: Uint8Array | null
}

/** Erases the mail and writes its event; false, and no event, where it is not there any more. */
async function finishMail(
  collections: Collections,
  transact: Transact,
  { id: mailId, audit, tokenHash }: Finishing,
): Promise<boolean> {
  const erase = async (within: typeof bounded): Promise<boolean> => {
    if (tokenHash === null) {
      return (await collections.outbox.deleteOne({ _id: idValue(mailId) }, within)).deletedCount === 1
    }
    const filter = { _id: tokenHash, 'mail.id': idValue(mailId) }
    return (await collections.tokens.updateOne(filter, { $unset: { mail: 1 } }, within)).matchedCount === 1
  }
  if (audit === null) return erase(bounded)
  return transact(`mail:${mailId}`, async (tx) => {
    const erased = await erase(tx)
    if (erased) await writeEvent(collections, audit, tx)
    return keep(erased)
  })
}

async function putBack(
  { outbox, tokens }: Collections,
  at: { readonly mailId: Id; readonly dueAt: Ms; readonly tokenHash: Uint8Array | null },
): Promise<boolean> {
  const due = time(at.dueAt)
  const put =
    at.tokenHash === null
      ? await outbox.updateOne({ _id: idValue(at.mailId) }, { $set: { due } }, bounded)
      : await tokens.updateOne(
          { _id: at.tokenHash, 'mail.id': idValue(at.mailId) },
          { $set: { 'mail.due': due } },
          bounded,
        )
  return put.matchedCount === 1
}

/** The token that carries a mail which another process has claimed: a look at all that wait, and rare. */
async function findCarrier({ tokens }: Collections, mailId: Id): Promise<Uint8Array | null> {
  const filter = { 'mail.id': idValue(mailId), 'mail.due': { $gt: time(0) } }
  const found = await tokens.findOne(filter, { ...bounded, projection: { _id: 1 } })
  return found ? bytes(found, '_id') : null
}
