/** What the control socket serves: administration, and what is the operator's alone. Never public. */
import { isAdministrative, type Route } from './route.ts'
import { routes } from './routes.ts'
import { controlBackupRoutes } from './routes/control-backup.ts'
import { controlKeyRoutes } from './routes/control-keys.ts'
import { controlMoveUsersRoutes } from './routes/control-move-users.ts'
import { controlUpkeepRoutes } from './routes/control-upkeep.ts'
import { controlUserRoutes } from './routes/control-users.ts'

export const controlRoutes: readonly Route[] = [
  ...routes.filter(isAdministrative),
  ...controlUserRoutes,
  ...controlMoveUsersRoutes,
  ...controlKeyRoutes,
  ...controlUpkeepRoutes,
  ...controlBackupRoutes,
]
