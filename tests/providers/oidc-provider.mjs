// oidc-provider by Filip Skokan, for Node.js; OpenID certified. It runs in the
// tests' own process, with the forms that it brings for development.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';

import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const ALICE = { sub: 'alice', name: 'Alice Liddell', email: 'alice@example.com' };

const SHORT = 2;
const LONG = 600;

const manifest = JSON.parse(await readFile(new URL('package.json', import.meta.url), 'utf8'));

export const title = `oidc-provider ${manifest.devDependencies['oidc-provider']} (Node.js)`;

export const notes = [];

/** Every signature that the app accepts, each with one of the other choices. */
export const variants = [
  { alg: 'RS256', method: 'client_secret_basic', userinfo: 'JSON' },
  { alg: 'RS384', method: 'client_secret_post', userinfo: 'RS384' },
  { alg: 'RS512', method: 'private_key_jwt', userinfo: 'RS512' },
  { alg: 'PS256', method: 'client_secret_basic', userinfo: 'PS256' },
  { alg: 'PS384', method: 'client_secret_post', userinfo: 'JSON' },
  { alg: 'PS512', method: 'private_key_jwt', userinfo: 'JSON' },
  { alg: 'ES256', method: 'client_secret_basic', userinfo: 'ES256' },
  { alg: 'ES384', method: 'client_secret_post', userinfo: 'JSON' },
  { alg: 'EdDSA', method: 'private_key_jwt', userinfo: 'EdDSA' },
];

/** Starts it with `client` as its one client, known at `url` and listening on `port`. */
export async function start(client, variant, { url, port }) {
  const running = new OidcProvider(client, variant, url, port);
  await running.rotateKey();
  await running.listen();
  return running;
}

class OidcProvider {
  person = ALICE;
  output = '';
  #client;
  #variant;
  #port;
  #answer;
  #server = createServer((request, response) => this.#answer(request, response));
  #cookieKeys = [randomUUID()];

  constructor(client, variant, url, port) {
    this.issuer = url;
    this.#client = client;
    this.#variant = variant;
    this.#port = port;
  }

  async listen() {
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Fills in its forms, up to where it sends the browser back. */
  async signIn(page) {
    await page.getByPlaceholder('Enter any login').fill(ALICE.sub);
    await page.getByPlaceholder('and password').fill('any');
    await page.getByRole('button', { name: 'Sign-in' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
  }

  /** Answers its question whether to end the session there too. */
  async confirmSignOut(page) {
    await page.getByRole('button', { name: 'Yes, sign me out' }).click();
  }

  /** Ends the session there without the app. */
  async endSession(page) {
    await page.goto(`${this.issuer}/session/end`);
    await this.confirmSignOut(page);
    await page.getByText('Sign-out Success').waitFor();
  }

  /** From now on it signs with a new key alone; what it has stored stays. */
  async rotateKey() {
    const provider = new Provider(this.issuer, await this.#configuration());
    for (const event of ['server_error', 'grant.error', 'revocation.error', 'userinfo.error', 'backchannel.error']) {
      provider.on(event, (_, error) => (this.output += `${event}: ${error?.message}\n`));
    }
    this.#answer = provider.callback();
  }

  async stop() {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #configuration() {
    const { alg, userinfo } = this.#variant;
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    const algorithms = [alg, 'RS256'];
    return {
      clients: [this.#registration()],
      jwks: { keys: [{ ...(await exportJWK(privateKey)), alg, use: 'sig', kid: randomUUID() }] },
      cookies: { keys: this.#cookieKeys },
      enabledJWA: {
        idTokenSigningAlgValues: algorithms,
        userinfoSigningAlgValues: algorithms,
      },
      claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'] },
      findAccount: (_, accountId) => ({
        accountId,
        claims: () => ({ ...ALICE, sub: accountId, email_verified: true }),
      }),
      features: {
        backchannelLogout: { enabled: true },
        jwtUserinfo: { enabled: userinfo !== 'JSON' },
        pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: false },
        revocation: { enabled: true },
      },
      // Otherwise only people who consent anew each time get one.
      issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
      rotateRefreshToken: true,
      ttl: { AccessToken: SHORT, Grant: LONG, IdToken: LONG, Interaction: LONG, RefreshToken: LONG, Session: LONG },
      // Its own guard refuses to call this machine, which is where the app is.
      fetch: (url, { dispatcher, ...options }) => fetch(url, options),
    };
  }

  #registration() {
    const { id, secret, jwks, method, redirectUri, logoutRedirectUri, backchannelLogoutUri } = this.#client;
    const { alg, userinfo } = this.#variant;
    return {
      client_id: id,
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [logoutRedirectUri],
      backchannel_logout_uri: backchannelLogoutUri,
      backchannel_logout_session_required: true,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: method,
      id_token_signed_response_alg: alg,
      ...(userinfo !== 'JSON' && { userinfo_signed_response_alg: userinfo }),
      ...(method === 'private_key_jwt' ? { jwks } : { client_secret: secret }),
    };
  }
}
