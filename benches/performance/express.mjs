// The app's page behind Express, for people signed in by one of two middlewares: rendered with
// EJS, its headers set by Helmet, and, below `/finished`, as finished bytes and headers.
// `node express.mjs okta|openid-connect PORT ISSUER PATH PAGE`

import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import express from 'express';
import session from 'express-session';
import openidConnect from 'express-openid-connect';
import helmet from 'helmet';
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

/** The page as a view, with a placeholder for the value of each of `page.fields`. */
function makeView() {
  const folder = dirname(pageFile);
  let view = page.body;
  for (const [field, value] of Object.entries(page.fields)) view = view.replaceAll(value, `<%= ${field} %>`);
  writeFileSync(join(folder, `${kind}.ejs`), view);
  app.set('view engine', 'ejs').set('views', folder);
}

/** What sets the headers that the app's pages have. */
function headers() {
  const directives = page.headers['content-security-policy'].split('; ').map((directive) => {
    const [name, ...sources] = directive.split(' ');
    return [name, sources];
  });
  return [
    helmet.contentSecurityPolicy({ useDefaults: false, directives: Object.fromEntries(directives) }),
    helmet.crossOriginOpenerPolicy(),
    helmet.crossOriginResourcePolicy(),
    helmet.referrerPolicy(),
    helmet.xContentTypeOptions(),
    (_, response, next) => {
      response.set({ 'cache-control': 'no-store', 'x-request-id': randomUUID() });
      next();
    },
  ];
}

makeView();
const isSignedIn = guard();
app.get(`${path}/finished`, isSignedIn, (_, response) => {
  response.set(page.headers).send(page.body);
});
app.use(headers());
app.get(path, isSignedIn, ({ oidc, userContext }, response) => {
  const { name } = oidc ? oidc.user : userContext.userinfo;
  response.render(kind, { ...page.fields, name });
});
app.get('/healthz', (_, response) => response.send('ok'));
app.listen(Number(port), 'localhost');
