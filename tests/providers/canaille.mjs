// Canaille by Yaal Coop, written in Python, from PyPI. It runs in its own
// server with a database of its own; the app registers itself (RFC 7591).

import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { exportJWK, generateKeyPair } from 'jose';

import { Program, newFolder, orStop } from './program.mjs';

const BIN = fileURLToPath(new URL('venv/bin/', import.meta.url));
const SETTINGS = { CANAILLE_CONFIG: 'canaille.toml' };

const ALICE = { name: 'Alice Liddell', email: 'alice@example.com' };
const PASSWORD = randomUUID();

// A refresh token ends with its access token here, so it is used before that: when half of its life
// is over.
const SHORT = 8;
export const tokensEndAfter = (SHORT / 2) * 1000 + 100;

const requirements = await readFile(new URL('requirements.in', import.meta.url), 'utf8');
const [, version] = /canaille.*==(\S+)/.exec(requirements);

export const title = `Canaille ${version} (Python)`;

export const notes = [
  'It accepts revocation requests only with `client_secret_basic`, and `private_key_jwt` only at the token endpoint.',
];

export const variants = [
  { alg: 'RS256', method: 'client_secret_basic', userinfo: 'JSON' },
  { alg: 'ES256', method: 'client_secret_post', userinfo: 'ES256' },
  { alg: 'EdDSA', method: 'private_key_jwt', userinfo: 'JSON', audience: 'token_endpoint' },
];

/**
 * Starts it, known at `url` and listening on `port`, makes an account, and
 * registers `client`.
 */
export async function start(client, variant, { url, port }) {
  return orStop(new Canaille(url, port, await newFolder(), variant), async (running) => {
    await running.setUp();
    await running.register(client);
  });
}

class Canaille {
  person = ALICE;
  #port;
  #folder;
  #variant;
  #program;
  #secret = randomUUID();

  constructor(url, port, folder, variant) {
    this.issuer = url;
    this.#port = port;
    this.#folder = folder;
    this.#variant = variant;
  }

  async setUp() {
    await this.#configure();
    await this.#command('db', 'upgrade');
    const alice = {
      'user-name': 'alice',
      password: PASSWORD,
      emails: ALICE.email,
      'family-name': 'Liddell',
      'formatted-name': ALICE.name,
    };
    const options = Object.entries(alice).map(([name, value]) => `--${name}=${value}`);
    await this.#command('create', 'user', ...options);
    await this.#run();
  }

  async register(client) {
    const answer = await fetch(`${this.issuer}/oauth/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(this.#registration(client)),
    });
    const registered = await answer.json();
    if (!answer.ok) throw new Error(`Canaille does not register the app: ${JSON.stringify(registered)}`);
    client.id = registered.client_id;
    client.secret = registered.client_secret;
  }

  /** Fills in its forms, up to where it sends the browser back. */
  async signIn(page) {
    await page.getByLabel('Login').fill('alice');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.locator('input[name="password"]').fill(PASSWORD);
    // Access tokens of one person and one second are equal character by character,
    // and it fails at the second of them.
    await sleep(1000 - (Date.now() % 1000));
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  /** It takes the app's word and asks nothing. */
  async confirmSignOut() {}

  /** Starts it anew with a new key alone; what it has stored stays. */
  async rotateKey() {
    await this.#program.stop({ keepFolder: true });
    await this.#configure();
    await this.#run();
  }

  get output() {
    return this.#program.output;
  }

  async stop() {
    await this.#program?.stop();
  }

  async #run() {
    // Flask's own server: the one that comes along does not get over browsers that hang up.
    this.#program = await Program.start(`${BIN}flask`, {
      args: ['--app=canaille', 'run', `--port=${this.#port}`],
      env: SETTINGS,
      folder: this.#folder,
      readyAt: `${this.issuer}/.well-known/openid-configuration`,
    });
  }

  async #command(...args) {
    const env = { ...process.env, ...SETTINGS };
    await promisify(execFile)(`${BIN}canaille`, args, { cwd: this.#folder, env });
  }

  async #configure() {
    // It cannot be without an RSA key.
    const keys = [await newKey(this.#variant.alg)];
    if (!/^[RP]S/.test(this.#variant.alg)) keys.push(await newKey('RS256'));
    const settings = `
      SECRET_KEY = "${this.#secret}"
      SERVER_NAME = "${new URL(this.issuer).host}"
      PREFERRED_URL_SCHEME = "http"
      OAUTH2_TOKEN_EXPIRES_IN = { authorization_code = ${SHORT}, refresh_token = ${SHORT} }
      [CANAILLE]
      LANGUAGE = "en"
      # Its scripts post fields while they are filled in, at times after the form itself.
      JAVASCRIPT = false
      HTMX = false
      [CANAILLE_SQL]
      DATABASE_URI = "sqlite:///canaille.db"
      [CANAILLE_OIDC]
      ACTIVE_JWKS = [${keys.map(inline).join(', ')}]
      DYNAMIC_CLIENT_REGISTRATION_OPEN = true
      TRUSTED_DOMAINS = ["localhost"]
    `;
    await writeFile(join(this.#folder, SETTINGS.CANAILLE_CONFIG), settings);
  }

  #registration({ jwks, method, url, redirectUri, logoutRedirectUri, backchannelLogoutUri }) {
    const { alg, userinfo } = this.#variant;
    return {
      client_name: 'The app',
      client_uri: url, // trusted, so that nobody has to consent
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [logoutRedirectUri],
      backchannel_logout_uri: backchannelLogoutUri,
      scope: 'openid profile email',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: method,
      id_token_signed_response_alg: alg,
      ...(userinfo !== 'JSON' && { userinfo_signed_response_alg: userinfo }),
      ...(method === 'private_key_jwt' && { jwks }),
    };
  }
}

async function newKey(alg) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: randomUUID() };
}

/** A table of strings, as TOML has it in one line. */
function inline(key) {
  return `{ ${Object.entries(key).map(([name, value]) => `${name} = "${value}"`).join(', ')} }`;
}
