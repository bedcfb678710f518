/** What may be known of the work of the server: closed sets of words, and numbers; nobody's name. */
import type { ProblemCode } from '../errors.ts'

/** One request, once it is over. */
export interface AnsweredRequest {
  /** A method that some route has, else `other`. */
  readonly method: string
  /** The path as it is declared, `/users/{id}`; `none` where nothing is served. */
  readonly route: string
  /** 499 where the client has gone before the answer was out. */
  readonly status: number
  /** The code of a refusal. */
  readonly code: ProblemCode | null
  readonly ms: number
  readonly requestId: string
}

/** Told of every request once it is over. */
export type OnAnswered = (request: AnsweredRequest) => void

/** Told of every hash that gets its turn: how long it has waited for that. */
export type OnHashStarted = (waitedMs: number) => void
