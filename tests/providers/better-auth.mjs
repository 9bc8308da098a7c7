// Better Auth with its OAuth 2.1 provider, for Node.js. It runs in the tests'
// own process. It is a library that leaves the page on which people sign in to
// its user, so there is one here.

import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

import { oauthProvider } from '@better-auth/oauth-provider';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { toNodeHandler } from 'better-auth/node';
import { jwt } from 'better-auth/plugins';

import { orStop } from './program.mjs';

const ALICE = { name: 'Alice Liddell', email: 'alice@example.com' };
const PASSWORD = randomUUID();

const SHORT = 2;

const SIGN_IN_PAGE = '/sign-in';

/** What it stores, as its own schema names it. */
const MODELS = [
  'user',
  'session',
  'account',
  'verification',
  'jwks',
  'oauthClient',
  'oauthClientAssertion',
  'oauthClientResource',
  'oauthResource',
  'oauthConsent',
  'oauthAccessToken',
  'oauthRefreshToken',
];

const manifest = JSON.parse(await readFile(new URL('package.json', import.meta.url), 'utf8'));

export const title = `Better Auth ${manifest.devDependencies['better-auth']} (Node.js)`;

export const notes = [];

export const variants = [
  { alg: 'RS256', method: 'client_secret_basic', userinfo: 'JSON' },
  { alg: 'PS256', method: 'client_secret_post', userinfo: 'JSON' },
  { alg: 'EdDSA', method: 'private_key_jwt', userinfo: 'JSON' },
];

/**
 * Starts it with an account and with `client` as its one client, known at `url`
 * and listening on `port`.
 */
export async function start(client, variant, { url, port }) {
  const running = new BetterAuth(url, port, variant);
  await running.listen();
  return orStop(running, async () => {
    await running.signUp();
    await running.register(client);
  });
}

class BetterAuth {
  person = ALICE;
  output = '';
  #port;
  #auth;
  #server;

  constructor(url, port, { alg }) {
    this.issuer = `${url}/api/auth`;
    this.#port = port;
    this.#auth = betterAuth({
      baseURL: url,
      secret: randomUUID(),
      database: memoryAdapter(Object.fromEntries(MODELS.map((model) => [model, []]))),
      emailAndPassword: { enabled: true },
      logger: { level: 'debug', log: (...line) => (this.output += `${line.join(' ')}\n`) },
      telemetry: { enabled: false },
      disabledPaths: ['/token'], // the session's JWTs have no part in OpenID Connect
      plugins: [
        jwt({ jwks: { keyPairConfig: { alg } }, disableSettingJwtHeader: true }),
        oauthProvider({
          loginPage: SIGN_IN_PAGE,
          consentPage: '/nobody-has-to-consent',
          accessTokenExpiresIn: SHORT,
        }),
      ],
    });
    const handle = toNodeHandler(this.#auth);
    this.#server = createServer((request, response) => {
      if (request.url.split('?')[0] !== SIGN_IN_PAGE) return handle(request, response);
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(signInPage(this.issuer));
    });
  }

  async listen() {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async signUp() {
    await this.#auth.api.signUpEmail({ body: { ...ALICE, password: PASSWORD } });
  }

  /**
   * Writes `client` to what it has stored. Its own registration wants https and
   * a public address for back-channel logout, and here the app has neither.
   */
  async register(client) {
    const { id, secret, jwks, method, redirectUri, logoutRedirectUri, backchannelLogoutUri } = client;
    // Nobody gets a refresh token without offline_access.
    client.scope = 'openid profile email offline_access';
    const { adapter } = await this.#auth.$context;
    await adapter.create({
      model: 'oauthClient',
      data: {
        clientId: id,
        scopes: client.scope.split(' '),
        redirectUris: [redirectUri],
        postLogoutRedirectUris: [logoutRedirectUri],
        enableEndSession: true,
        backchannelLogoutUri,
        backchannelLogoutSessionRequired: true,
        grantTypes: ['authorization_code', 'refresh_token'],
        responseTypes: ['code'],
        tokenEndpointAuthMethod: method,
        skipConsent: true,
        ...(method === 'private_key_jwt'
          ? { jwks: JSON.stringify(jwks) }
          : { clientSecret: createHash('sha256').update(secret).digest('base64url') }),
      },
    });
  }

  async signIn(page) {
    await page.getByLabel('E-mail').fill(ALICE.email);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  /** It takes the app's word and asks nothing. */
  async confirmSignOut() {}

  /** Ends the session there without the app. */
  async endSession(page) {
    await page.goto(`${this.issuer}/oauth2/end-session`);
    await page.getByRole('button', { name: 'Confirm logout' }).click();
    await page.getByText('Logged out.').waitFor();
  }

  /** Takes its key away, so that it makes a new one. */
  async rotateKey() {
    const { adapter } = await this.#auth.$context;
    await adapter.deleteMany({ model: 'jwks', where: [] });
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Sends what was typed, and the request that the sign-in is for, to Better Auth. */
function signInPage(issuer) {
  return `<!doctype html>
    <title>Sign in</title>
    <form>
      <label>E-mail <input name="email"></label>
      <label>Password <input name="password" type="password"></label>
      <button>Sign in</button>
    </form>
    <script type="module">
      const form = document.querySelector('form');
      form.addEventListener('submit', async (event) => {
        event.preventDefault();
        const answer = await fetch('${issuer}/sign-in/email', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({
            ...Object.fromEntries(new FormData(form)),
            oauth_query: location.search.slice(1),
          }),
        });
        location.assign((await answer.json()).url);
      });
    </script>`;
}
