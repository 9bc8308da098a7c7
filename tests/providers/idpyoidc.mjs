// idpyoidc by Roland Hedberg and others, written in Python, from PyPI. It is a
// library; idpyoidc_server.py beside this file makes a server of it.

import { randomBytes, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Program, newFolder, orStop } from './program.mjs';

const PYTHON = fileURLToPath(new URL('venv/bin/python', import.meta.url));
const SERVER = fileURLToPath(new URL('idpyoidc_server.py', import.meta.url));

const ALICE = { name: 'Alice Liddell', email: 'alice@example.com' };
const PASSWORD = randomUUID();

const SHORT = 2;
const LONG = 600;

const requirements = await readFile(new URL('requirements.in', import.meta.url), 'utf8');
const [, version] = /idpyoidc==(\S+)/.exec(requirements);

export const title = `idpyoidc ${version} (Python)`;

export const notes = [
  'It accepts pushed authorization requests but needs the parameters again in the address, so they are turned off.',
];

export const variants = [
  { alg: 'RS256', method: 'client_secret_basic', userinfo: 'JSON' },
  { alg: 'PS256', method: 'client_secret_post', userinfo: 'PS256' },
  { alg: 'ES256', method: 'private_key_jwt', userinfo: 'ES256', audience: 'endpoint' },
];

/** Starts it with `client` as its one client, known at `url` and listening on `port`. */
export async function start(client, variant, { url, port }) {
  return orStop(new Idpyoidc(url, port, await newFolder()), async (running) => {
    await running.configure(client, variant);
    await running.run();
  });
}

class Idpyoidc {
  person = ALICE;
  #port;
  #folder;
  #program;

  constructor(url, port, folder) {
    this.issuer = url;
    this.#port = port;
    this.#folder = folder;
  }

  async configure(client, variant) {
    // Nobody gets a refresh token without these (OIDC Core 11).
    client.scope = 'openid profile email offline_access';
    client.parameters = 'prompt=consent';
    const settings = {
      port: this.#port,
      provider: provider(this.issuer),
      client: registration(client, variant),
    };
    await writeFile(join(this.#folder, 'settings.json'), JSON.stringify(settings));
    await writeFile(join(this.#folder, 'sign-in.html'), SIGN_IN_PAGE);
  }

  async run() {
    this.#program = await Program.start(PYTHON, {
      args: [SERVER, 'settings.json'],
      folder: this.#folder,
      readyAt: `${this.issuer}/.well-known/openid-configuration`,
    });
  }

  /** Fills in its form, up to where it sends the browser back. */
  async signIn(page) {
    await page.getByLabel('Name').fill('alice');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  /** Answers the question whether to end the session there too. */
  async confirmSignOut(page) {
    await page.getByRole('button', { name: 'Sign out here' }).click();
  }

  /** Ends the session there without the app. */
  async endSession(page) {
    await page.goto(`${this.issuer}/session`);
    await this.confirmSignOut(page);
    await page.getByText('Signed out').waitFor();
  }

  /** Starts it anew: it keeps nothing, and makes new keys. */
  async rotateKey() {
    await this.#program.stop({ keepFolder: true });
    await this.run();
  }

  get output() {
    return this.#program.output;
  }

  async stop() {
    await this.#program?.stop();
  }
}

/** Its configuration, in its own words. */
function provider(issuer) {
  const endpoint = (path, name, kwargs) => ({ path, class: `idpyoidc.server.${name}`, kwargs });
  const client_authn_method = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'];
  const mints = (...supports_minting) => ({ supports_minting });
  return {
    issuer,
    key_conf: {
      key_defs: [
        { type: 'RSA', use: ['sig'] },
        { type: 'EC', crv: 'P-256', use: ['sig'] },
      ],
      uri_path: 'jwks',
    },
    endpoint: {
      provider_info: endpoint('.well-known/openid-configuration', 'oidc.provider_config.ProviderConfiguration', {
        client_authn_method: null,
      }),
      authorization: endpoint('authorization', 'oidc.authorization.Authorization', {
        client_authn_method: null,
        response_types_supported: ['code'],
        response_modes_supported: ['query'],
      }),
      token: endpoint('token', 'oidc.token.Token', { client_authn_method, revoke_refresh_on_issue: true }),
      userinfo: endpoint('userinfo', 'oidc.userinfo.UserInfo', {}),
      revocation: endpoint('revocation', 'oauth2.token_revocation.TokenRevocation', { client_authn_method }),
      end_session: endpoint('session', 'oidc.session.Session', {
        logout_verify_url: 'verify_logout',
        post_logout_uri_path: 'signed-out',
        signing_alg: 'ES256',
        backchannel_logout_supported: true,
        backchannel_logout_session_supported: true,
      }),
    },
    add_on: {
      pkce: {
        function: 'idpyoidc.server.oauth2.add_on.pkce.add_support',
        kwargs: { essential: true, code_challenge_method: 'S256' },
      },
    },
    authentication: {
      user: {
        acr: 'urn:oasis:names:tc:SAML:2.0:ac:classes:InternetProtocolPassword',
        class: 'idpyoidc.server.user_authn.user.UserPassJinja2',
        kwargs: {
          verify_endpoint: '/verify/user',
          template: 'sign-in.html',
          db: { class: 'builtins.dict', kwargs: { alice: PASSWORD } },
        },
      },
    },
    template_dir: '.',
    authz: {
      class: 'idpyoidc.server.authz.AuthzHandling',
      kwargs: {
        grant_config: {
          usage_rules: {
            authorization_code: { ...mints('access_token', 'refresh_token', 'id_token'), max_usage: 1 },
            access_token: {},
            refresh_token: mints('access_token', 'refresh_token', 'id_token'),
          },
          expires_in: LONG,
        },
      },
    },
    claims_interface: { class: 'idpyoidc.server.session.claims.ClaimsInterface', kwargs: {} },
    cookie_handler: {
      class: 'idpyoidc.server.cookie_handler.CookieHandler',
      kwargs: { sign_key: randomBytes(32).toString('hex') },
    },
    token_handler_args: {
      key_conf: { key_defs: ['code', 'refresh'].map((kid) => ({ type: 'oct', bytes: 24, use: ['enc'], kid })) },
      code: { kwargs: { lifetime: LONG } },
      token: { class: 'idpyoidc.server.token.jwt_token.JWTToken', kwargs: { lifetime: SHORT } },
      refresh: { kwargs: { lifetime: LONG } },
      id_token: { class: 'idpyoidc.server.token.id_token.IDToken', kwargs: { lifetime: LONG } },
    },
    userinfo: { class: 'idpyoidc.server.user_info.UserInfo', kwargs: { db: { alice: ALICE } } },
  };
}

function registration({ id, secret, scope, jwks, method, redirectUri, logoutRedirectUri, backchannelLogoutUri }, variant) {
  const { alg, userinfo } = variant;
  return {
    client_id: id,
    // Each with the query that it may have.
    redirect_uris: [[redirectUri, {}]],
    post_logout_redirect_uri: [[logoutRedirectUri, {}]],
    backchannel_logout_uri: backchannelLogoutUri,
    allowed_scopes: scope.split(' '),
    grant_types_supported: ['authorization_code', 'refresh_token'],
    response_types_supported: ['code'],
    token_endpoint_auth_method: method,
    id_token_signed_response_alg: alg,
    ...(userinfo !== 'JSON' && { userinfo_signed_response_alg: userinfo }),
    ...(method === 'private_key_jwt' ? { jwks } : { client_secret: secret }),
  };
}

/** The form, which its own template may look like. */
const SIGN_IN_PAGE = `<!doctype html>
  <title>Sign in</title>
  <form method="post" action="{{ action }}">
    <input type="hidden" name="token" value="{{ token }}">
    <label>Name <input name="username"></label>
    <label>Password <input name="password" type="password"></label>
    <button>Sign in</button>
  </form>`;
