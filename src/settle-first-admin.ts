/** How the first administrator comes to be; part of the composition root (see `app.ts`). */
import type { Config } from './config.ts'
import type { Deps } from './domain/deps.ts'
import { DomainError, isStoreAway } from './domain/errors.ts'
import { ensureFirstAdmin, offerSetupToken } from './domain/first-admin.ts'
import { lifetimes } from './domain/limits.ts'

export interface FirstAdminPlan {
  readonly config: Pick<Config, 'firstAdmin' | 'host'>
  readonly port: number
  /** The store is away: it is settled as soon as it can be reached. */
  readonly late: boolean
  readonly onLink: (link: string | null) => void
  readonly onRefused: (error: DomainError) => void
}

export interface FirstAdminSettled {
  /** Null where there is an administrator, where no browser could open it, and while the store is away. */
  readonly link: string | null
  /** Ends the attempts. */
  stop(): void
}

/** Hosts under which a browser on this machine reaches us as a loopback peer. */
const LOOPBACK = /^(localhost|127\.0\.0\.1|0\.0\.0\.0|::1?)$/

/**
 * Creates the administrator that the settings name, or makes a setup link where there is none. Throws
 * `start_refused`; where the store is away, `onRefused` is told later, or `onLink`.
 */
export async function settleFirstAdmin(plan: FirstAdminPlan, deps: Deps): Promise<FirstAdminSettled> {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const tryLater = (): void => {
    if (stopped) return
    timer = setTimeout(() => void again(), lifetimes.keyringRetryMs)
    timer.unref()
  }
  const again = async (): Promise<void> => {
    try {
      const link = await settle(plan, deps)
      if (!stopped) plan.onLink(link)
    } catch (error) {
      if (isStoreAway(error)) tryLater()
      else if (error instanceof DomainError) plan.onRefused(error)
      else deps.log.error({ event: 'first_admin_failed' }, 'no setup link could be made', error)
    }
  }
  let link: string | null = null
  try {
    if (plan.late) tryLater()
    else link = await settle(plan, deps)
  } catch (error) {
    if (!isStoreAway(error)) throw error
    tryLater()
  }
  return {
    link,
    stop: () => {
      stopped = true
      clearTimeout(timer)
    },
  }
}

/** The link leads to this machine whatever the public URL is: the page is served to nobody else. */
async function settle({ config, port }: FirstAdminPlan, deps: Deps): Promise<string | null> {
  if (config.firstAdmin) await ensureFirstAdmin(config.firstAdmin, deps)
  const token = await offerSetupToken(deps)
  if (token === null) return null
  if (LOOPBACK.test(config.host)) return `http://localhost:${port}/setup/${token}`
  deps.log.warn(
    { event: 'setup_link_unreachable', host: config.host },
    'no administrator yet, and UM_HOST leaves no way to the setup page: make one on the command line',
  )
  return null
}
