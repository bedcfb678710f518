/** The route table: everything that the server answers. */
import { assetRoutes } from './assets.ts'
import type { JsonObject } from '../domain/ports/runtime.ts'
import { withAnyProfile, withShownProfile } from './operator-profile.ts'
import type { Route } from './route.ts'
import { changeAccessRoute } from './routes/change-access.ts'
import { createUserRoute } from './routes/create-user.ts'
import { deleteAccountRoute } from './routes/delete-account.ts'
import { deleteUserRoute } from './routes/delete-user.ts'
import { devMailRoutes } from './routes/dev-mail.ts'
import { docsRoutes } from './routes/docs.ts'
import { exportAccountRoute } from './routes/export-account.ts'
import { healthRoutes } from './routes/health.ts'
import { listAuditRoute } from './routes/list-audit.ts'
import { listUsersRoute } from './routes/list-users.ts'
import { loginRoute } from './routes/login.ts'
import { logoutRoute } from './routes/logout.ts'
import { passwordRoute } from './routes/password.ts'
import { profileRoutes } from './routes/profile.ts'
import { readUserRoute } from './routes/read-user.ts'
import { reauthenticateRoute } from './routes/reauthenticate.ts'
import { refreshRoute } from './routes/refresh.ts'
import { registerRoute } from './routes/register.ts'
import { resetPasswordRoutes } from './routes/reset-password.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { signOutRoute } from './routes/sign-out.ts'
import { userSessionsRoute } from './routes/user-sessions.ts'
import { setupRoutes } from './routes/setup.ts'
import { verifyEmailRoutes } from './routes/verify-email.ts'
import { wellKnownRoutes } from './routes/well-known.ts'

const operations: readonly Route[] = [
  registerRoute,
  loginRoute,
  ...profileRoutes,
  ...resetPasswordRoutes,
  deleteAccountRoute,
  ...verifyEmailRoutes,
  ...setupRoutes,
  passwordRoute,
  exportAccountRoute,
  refreshRoute,
  logoutRoute,
  ...sessionRoutes,
  reauthenticateRoute,
  listUsersRoute,
  createUserRoute,
  readUserRoute,
  changeAccessRoute,
  deleteUserRoute,
  userSessionsRoute,
  signOutRoute,
  listAuditRoute,
  ...wellKnownRoutes,
  ...healthRoutes,
  ...devMailRoutes,
]

export const routes: readonly Route[] = routesFor(null)

/** The table with the operator's own profile fields; null for the built-in ones. */
export function routesFor(profileSchema: JsonObject | null): readonly Route[] {
  if (profileSchema === null) return [...operations, ...docsRoutes(operations), ...assetRoutes]
  const shown = withShownProfile(operations, profileSchema)
  return [...withAnyProfile(operations), ...docsRoutes(shown), ...assetRoutes]
}
