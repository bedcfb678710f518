import { html, render } from './html.ts'
import type { Site } from './layout.ts'

/**
 * The interactive API documentation: Swagger UI, served from this process, no outside host, nothing inline.
 */
export function docsPage(site: Site): string {
  const { host } = new URL(site.publicUrl)
  return render(
    html`<!doctype html>
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <title>API · ${host}</title>
          <link rel="stylesheet" href="/assets/swagger-ui.css" />
          <link rel="icon" href="data:," />
        </head>
        <body>
          <div id="swagger-ui">
            <p>
              The interactive documentation needs JavaScript. The same contract is at
              <a href="/openapi.json">/openapi.json</a>, every error code at
              <a href="/docs/errors">/docs/errors</a>.
            </p>
          </div>
          <script src="/assets/swagger-ui-bundle.js"></script>
          <script src="/assets/docs.js"></script>
        </body>
      </html> `,
  )
}
