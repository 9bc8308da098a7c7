// The app as a provider's client: what is registered there, and how it proves
// who it is (OIDC Core 9).

import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { SignJWT, exportJWK, exportPKCS8, generateKeyPair } from 'jose';

const KEY_ID = 'of-the-client';

/** A client with a secret and a key, of which `method` says which one counts. */
export class Client {
  id = 'the-app';
  secret = randomUUID();
  #keys;

  /** A client of the only provider, or of the one with this name among several. */
  static async create(appUrl, { method, audience }, name) {
    const client = new Client();
    client.url = appUrl;
    client.method = method;
    client.audience = audience ?? 'issuer';
    client.redirectUri = `${appUrl}/authorization-code/callback${name ? `/${name}` : ''}`;
    client.logoutRedirectUri = `${appUrl}/logged-out`;
    client.backchannelLogoutUri = `${appUrl}/backchannel-logout`;
    client.#keys = await generateKeyPair('ES256', { extractable: true });
    client.jwks = {
      keys: [{ ...(await exportJWK(client.#keys.publicKey)), kid: KEY_ID, use: 'sig', alg: 'ES256' }],
    };
    return client;
  }

  /** The app's settings for it; a key is written to `folder`. */
  async settings(folder) {
    const common = {
      OIDC_CLIENT_ID: this.id,
      ...(this.scope && { OIDC_SCOPES: this.scope }),
      ...(this.parameters && { OIDC_EXTRA_PARAMETERS: this.parameters }),
    };
    switch (this.method) {
      case 'client_secret_basic':
        return { ...common, OIDC_CLIENT_SECRET: this.secret, OIDC_CLIENT_AUTH: 'basic' };
      case 'client_secret_post':
        return { ...common, OIDC_CLIENT_SECRET: this.secret, OIDC_CLIENT_AUTH: 'post' };
      case 'private_key_jwt': {
        const file = join(folder, 'client-key.pem');
        await writeFile(file, await exportPKCS8(this.#keys.privateKey), { mode: 0o600 });
        return {
          ...common,
          OIDC_CLIENT_AUTH: 'private_key_jwt',
          OIDC_CLIENT_KEY_FILE: file,
          OIDC_CLIENT_KEY_ID: KEY_ID,
          OIDC_CLIENT_KEY_AUDIENCE: this.audience,
        };
      }
    }
    throw new Error(`${this.method} is no method of client authentication that the tests know`);
  }

  /** Posts a form to an endpoint of the provider, as this client. */
  async post(endpoint, fields, issuer) {
    const body = new URLSearchParams(fields);
    const headers = {};
    switch (this.method) {
      case 'client_secret_basic':
        headers.authorization = `Basic ${btoa(`${this.id}:${this.secret}`)}`;
        break;
      case 'client_secret_post':
        body.set('client_id', this.id);
        body.set('client_secret', this.secret);
        break;
      case 'private_key_jwt':
        body.set('client_id', this.id);
        body.set('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');
        body.set('client_assertion', await this.#assertion(this.audience === 'issuer' ? issuer : endpoint));
        break;
    }
    return fetch(endpoint, { method: 'POST', headers, body });
  }

  #assertion(audience) {
    return new SignJWT()
      .setProtectedHeader({ alg: 'ES256', kid: KEY_ID })
      .setIssuer(this.id)
      .setSubject(this.id)
      .setAudience(audience)
      .setJti(randomUUID())
      .setIssuedAt()
      .setExpirationTime('60 s')
      .sign(this.#keys.privateKey);
  }
}
