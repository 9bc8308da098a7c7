// Glewlwyd by Nicolas Mora, written in C, from Debian's package. It runs with a
// database of its own and is set up through its administration interface.

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { exportJWK, generateKeyPair } from 'jose';

import { Program, newFolder, orStop } from './program.mjs';

const SCHEMA = '/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3';
const MODULES = '/usr/lib/glewlwyd';
const PAGES = '/usr/share/glewlwyd/webapp/';
/** Who administers a new database. */
const ADMINISTRATOR = { username: 'admin', password: 'password' };

const ALICE = { username: 'alice', name: 'Alice Liddell', email: 'alice@example.com' };
const PASSWORD = randomUUID();

const SHORT = 2;
const LONG = 600;

export const title = 'Glewlwyd (C, from Debian)';

export const notes = [
  'Its logout tokens are of an earlier draft and have no `exp`; their age is bounded by `iat` ' +
    '(Back-Channel Logout 1.0, 2.4).',
];

export const variants = [
  { alg: 'RS256', method: 'client_secret_basic', userinfo: 'JSON' },
  { alg: 'PS256', method: 'client_secret_post', userinfo: 'JSON' },
  { alg: 'ES256', method: 'private_key_jwt', userinfo: 'JSON', audience: 'endpoint' },
];

/** Starts it with `client` as its one client, known at `url` and listening on `port`. */
export async function start(client, variant, { url, port }) {
  const folder = await newFolder();
  await writeFile(join(folder, 'glewlwyd.conf'), configuration(port, url));
  await copyPages(join(folder, 'pages'));
  const schema = promisify(execFile)('sqlite3', ['sign-ins.db'], { cwd: folder });
  schema.child.stdin.end(await readFile(SCHEMA));
  await schema;
  const program = await Program.start('glewlwyd', {
    args: ['--config-file=glewlwyd.conf'],
    folder,
    readyAt: `${url}/config/`,
  });
  return orStop(new Glewlwyd(program, url, variant), (running) => running.setUp(client));
}

class Glewlwyd {
  person = ALICE;
  #program;
  #url;
  #variant;
  #cookie = '';

  constructor(program, url, variant) {
    this.#program = program;
    this.#url = url;
    this.#variant = variant;
    this.issuer = `${url}/api/oidc`;
  }

  async setUp(client) {
    await this.#ask('POST', 'auth/', ADMINISTRATOR);
    await this.#ask('POST', 'mod/plugin/', await this.#plugin());
    // Where a new database keeps clients, there is no room for this property yet.
    const clients = await this.#ask('GET', 'mod/client/database');
    clients.parameters['data-format'].post_logout_redirect_uris = { multiple: true, read: true, write: true };
    await this.#ask('PUT', 'mod/client/database', clients);
    await this.#ask('PUT', 'mod/client/database/reset');
    for (const name of ['profile', 'email']) {
      await this.#ask('POST', 'scope/', { name, display_name: name, password_required: true });
    }
    await this.#ask('POST', 'user/?source=database', {
      ...ALICE,
      password: PASSWORD,
      scope: ['openid', 'profile', 'email'],
      enabled: true,
    });
    await this.#ask('POST', 'client/?source=database', registration(client));
    // As alice, once: otherwise only her first sign-in would ask for it.
    await this.#ask('POST', 'auth/', { username: ALICE.username, password: PASSWORD });
    await this.#ask('PUT', `auth/grant/${client.id}`, { scope: 'openid profile email' });
    await this.#ask('POST', 'auth/', ADMINISTRATOR);
  }

  async signIn(page) {
    await page.getByPlaceholder('Your username').fill(ALICE.username);
    await page.getByPlaceholder('Your password').fill(PASSWORD);
    await page.getByRole('button', { name: 'OK' }).click();
    await page.getByRole('button', { name: 'Continue' }).click();
  }

  async confirmSignOut(page) {
    await page.getByRole('button', { name: 'Logout' }).first().click();
  }

  get output() {
    return this.#program.output;
  }

  async stop() {
    await this.#program.stop();
  }

  /** From now on it signs with a new key alone. */
  async rotateKey() {
    await this.#ask('PUT', 'mod/plugin/oidc', await this.#plugin());
    await this.#ask('PUT', 'mod/plugin/oidc/reset');
  }

  async #plugin() {
    const { alg } = this.#variant;
    const { privateKey } = await generateKeyPair(alg, { extractable: true });
    const key = { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: randomUUID() };
    return {
      module: 'oidc',
      name: 'oidc',
      display_name: 'OpenID Connect',
      enabled: true,
      parameters: {
        iss: this.issuer,
        'jwt-type': 'rsa',
        'jwt-key-size': '256',
        'jwks-private': JSON.stringify({ keys: [key] }),
        'default-kid': key.kid,
        'jwks-show': true,
        'subject-type': 'public',
        'allowed-scope': ['openid', 'profile', 'email'],
        'name-claim': 'mandatory',
        'email-claim': 'mandatory',
        'auth-type-code-enabled': true,
        'auth-type-refresh-enabled': true,
        'auth-type-token-enabled': false,
        'auth-type-id-token-enabled': true,
        'code-duration': 60,
        'access-token-duration': SHORT,
        'refresh-token-duration': LONG,
        'refresh-token-rolling': true,
        'refresh-token-one-use': 'always',
        'pkce-allowed': true,
        'pkce-method-plain-allowed': false,
        'oauth-par-allowed': true,
        'oauth-par-required': false,
        'oauth-par-request_uri-prefix': 'urn:ietf:params:oauth:request_uri:',
        'oauth-par-duration': 60,
        'introspection-revocation-allowed': true,
        'introspection-revocation-allow-target-client': true,
        'request-parameter-allow': true,
        'client-jwks-parameter': 'jwks',
        'session-management-allowed': true,
        'session-cookie-name': 'provider-session',
        'session-cookie-expiration': LONG,
        'back-channel-logout-allowed': true,
        'front-channel-logout-allowed': true,
      },
    };
  }

  async #ask(method, path, body) {
    const answer = await fetch(`${this.#url}/api/${path}`, {
      method,
      headers: { 'content-type': 'application/json', cookie: this.#cookie },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`Glewlwyd answers ${answer.status} to ${method} ${path}: ${text}`);
    const [cookie] = answer.headers.getSetCookie();
    if (cookie) this.#cookie = cookie.split(';')[0];
    return text && JSON.parse(text);
  }
}

/** Its pages, with settings that the package leaves in another place. */
async function copyPages(folder) {
  const settings = 'config.json';
  const filter = (path) => !path.endsWith(settings);
  await cp(PAGES, folder, { recursive: true, dereference: true, filter });
  await writeFile(
    join(folder, settings),
    JSON.stringify({
      GlewlwydUrl: './',
      ProfileUrl: 'profile.html',
      AdminUrl: 'index.html',
      LoginUrl: 'login.html',
      lang: ['en'],
      pattern: { user: [], client: [] },
      defaultScheme: '',
      sessionSchemes: [],
      register: [],
      'register-complete': [],
      providerMainstreamList: [],
    }),
  );
}

function configuration(port, url) {
  const types = { '.html': 'text/html', '.css': 'text/css', '.js': 'application/javascript', '.json': 'application/json' };
  const typeList = Object.entries(types).map(
    ([extension, type]) => `{ extension = "${extension}" mime_type = "${type}" }`,
  );
  return `
    port = ${port}
    bind_address = "127.0.0.1"
    external_url = "${url}"
    login_url = "login.html"
    api_prefix = "api"
    static_files_path = "pages/"
    static_files_mime_types = ( ${typeList.join(', ')} )
    log_mode = "console"
    log_level = "DEBUG"
    cookie_secure = 0
    hash_algorithm = "SHA512"
    user_module_path = "${MODULES}/user"
    client_module_path = "${MODULES}/client"
    user_auth_scheme_module_path = "${MODULES}/scheme"
    plugin_module_path = "${MODULES}/plugin"
    database = { type = "sqlite3" path = "sign-ins.db" }
  `;
}

function registration({ id, secret, jwks, method, redirectUri, logoutRedirectUri, backchannelLogoutUri }) {
  return {
    client_id: id,
    name: 'The app',
    enabled: true,
    confidential: true,
    redirect_uri: [redirectUri],
    post_logout_redirect_uris: [logoutRedirectUri],
    backchannel_logout_uri: backchannelLogoutUri,
    backchannel_logout_session_required: 'yes',
    authorization_type: ['code', 'refresh_token'],
    token_endpoint_auth_method: [method],
    scope: [],
    ...(method === 'private_key_jwt' ? { jwks } : { client_secret: secret }),
  };
}
