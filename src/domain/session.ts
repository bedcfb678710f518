import type { Id, Ms } from './ports/runtime.ts'

/** A signed-in device. Holds nothing of its refresh token but the generation that is valid. */
export interface Session {
  readonly id: Id
  readonly userId: Id
  /** The user's epoch under which it was opened; valid only while they are equal. */
  readonly epoch: number
  /** The refresh token of this generation is the newest one. Begins at 1. */
  readonly generation: number
  /** Which key derived the refresh secrets of this session. */
  readonly refreshKeyId: number
  readonly rotatedAt: Ms
  /** When the password was last proven, in milliseconds. Refresh keeps it. */
  readonly authTime: Ms
  readonly deviceName: string | null
  readonly userAgent: string | null
  readonly createdAt: Ms
  readonly lastUsedAt: Ms
  /** The earlier of the idle and the absolute end. */
  readonly expiresAt: Ms
}

/** A session that is about to be stored: generation 1, rotated, used and authenticated at `createdAt`. */
export type NewSession = Pick<
  Session,
  'id' | 'userId' | 'epoch' | 'refreshKeyId' | 'deviceName' | 'userAgent' | 'createdAt' | 'expiresAt'
>
