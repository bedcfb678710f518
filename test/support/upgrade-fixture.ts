/** What stands beside a database of an earlier release: the key to it, and what its people hold. */
export interface UpgradeFixture {
  /** Milliseconds; tokens and sessions live from here on. */
  readonly madeAt: number
  readonly masterKey: string
  /** Everybody who can sign in: with a hash of ours, and with each kind that can be imported. */
  readonly signIns: readonly { readonly username: string; readonly password: string }[]
  readonly refused: { readonly username: string; readonly password: string; readonly code: string }
  /** Of the session of `ada`, rotated once, and the token of its device. */
  readonly refreshToken: string
  readonly deviceToken: string
  /** Links: of `ada`, of `mover` for another address, of `invited`. */
  readonly resetToken: string
  readonly changeEmailToken: string
  readonly setPasswordToken: string
  /** Of somebody who was deleted, as the ledger has it: hexadecimal. */
  readonly deletedIdHash: string
}
