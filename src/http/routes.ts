/** The route table: everything that the server answers. */
import { assetRoutes } from './assets.ts'
import type { Route } from './route.ts'
import { deleteAccountRoute } from './routes/delete-account.ts'
import { devMailRoutes } from './routes/dev-mail.ts'
import { docsRoutes } from './routes/docs.ts'
import { exportAccountRoute } from './routes/export-account.ts'
import { healthRoutes } from './routes/health.ts'
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
import { verifyEmailRoutes } from './routes/verify-email.ts'
import { wellKnownRoutes } from './routes/well-known.ts'

const operations: readonly Route[] = [
  registerRoute,
  loginRoute,
  ...profileRoutes,
  ...resetPasswordRoutes,
  deleteAccountRoute,
  ...verifyEmailRoutes,
  passwordRoute,
  exportAccountRoute,
  refreshRoute,
  logoutRoute,
  ...sessionRoutes,
  reauthenticateRoute,
  readUserRoute,
  ...wellKnownRoutes,
  ...healthRoutes,
  ...devMailRoutes,
]

export const routes: readonly Route[] = [...operations, ...docsRoutes(operations), ...assetRoutes]
