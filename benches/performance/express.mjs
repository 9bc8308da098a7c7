// The app's page behind Express, for whoever is signed in by one of two middlewares.
// `node express.mjs okta|openid-connect PORT ISSUER PATH PAGE`

import { readFileSync } from 'node:fs';
import express from 'express';
import session from 'express-session';
import openidConnect from 'express-openid-connect';
import okta from '@okta/oidc-middleware';
import { SECRET } from './people.mjs';

const [kind, port, issuer, path, pageFile] = process.argv.slice(2);
const page = JSON.parse(readFileSync(pageFile));
const url = `http://localhost:${port}`;
const scope = 'openid profile email';
const app = express();
app.disable('x-powered-by');
app.disable('etag');

/** What lets only signed-in people pass, as the middleware's own documentation sets it up. */
function guard() {
  if (kind === 'okta') {
    const oidc = new okta.ExpressOIDC({
      issuer,
      client_id: kind,
      client_secret: SECRET,
      appBaseUrl: url,
      scope,
      testing: { disableHttpsCheck: true },
    });
    app.use(session({ secret: SECRET, resave: true, saveUninitialized: false }));
    app.use(oidc.router);
    return oidc.ensureAuthenticated();
  }
  app.use(
    openidConnect.auth({
      issuerBaseURL: issuer,
      baseURL: url,
      clientID: kind,
      clientSecret: SECRET,
      secret: SECRET,
      authRequired: false,
      authorizationParams: { response_type: 'code', scope },
    }),
  );
  return openidConnect.requiresAuth();
}

app.get(path, guard(), (_, response) => {
  response.set(page.headers).send(page.body);
});
app.get('/healthz', (_, response) => response.send('ok'));
app.listen(Number(port), 'localhost');
