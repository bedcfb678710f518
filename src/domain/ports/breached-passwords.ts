/** A service, over the network, that knows the passwords of public breaches. */
export interface BreachedPasswords {
  /**
   * Whether the prepared password has been in a breach. False where there is no such service, and where it
   * does not answer in time: it fails open, since nobody could register while it is away. Never throws.
   */
  has(password: string): Promise<boolean>
}
