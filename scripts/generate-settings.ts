import { settings, type Setting } from '../src/config.ts'

/** The reference page of the settings, from the table in `src/config.ts`. */
export function generateSettings(): string {
  const table: readonly Setting[] = settings
  const rows = table.map((setting) => {
    const fallback = setting.fallback ? `\`${setting.fallback}\`` : '-'
    const secret = setting.secret ? ` Secret: \`${setting.name}_FILE\` names a file that holds it.` : ''
    return `| \`${setting.name}\` | ${fallback} | ${setting.doc}.${secret} |`
  })
  return `# Settings

<!-- Generated from src/config.ts by \`npm run generate\`; never edit it. -->

Settings come from the environment, and from the file of \`--env-file\` where the environment has none. Switches are \`on\` or
\`off\`. An unknown name that begins with \`UM_\` stops the start, and everything that is wrong is said at once.
\`user-management config print\` shows every setting with its value and where that comes from, \`config check\` checks them.

| Setting | Default | What it does |
|---|---|---|
${rows.join('\n')}
`
}
