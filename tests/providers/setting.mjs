// What a test runs in: a provider, the app as its client, and the wire between.

import { resolve } from 'node:path';

import { freePort } from '../ports.mjs';
import { Client } from './client.mjs';
import { Program, newFolder, orStop } from './program.mjs';
import { Wire } from './wire.mjs';

/** One provider and the app as its client, both running. */
export class Setting {
  static make(binary, provider, variant) {
    return orStop(new Setting(), (setting) => setting.#make(binary, provider, variant));
  }

  async #make(binary, provider, variant) {
    const port = await freePort();
    this.url = `http://localhost:${port}`;
    this.client = await Client.create(this.url, variant);
    this.wire = await Wire.open();
    this.provider = await provider.start(this.client, variant, this.wire);
    const { issuer } = this.provider;
    this.metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    const folder = await newFolder();
    this.app = await Program.start(resolve(binary), {
      env: {
        APP_BASE_URL: this.url,
        OIDC_ISSUER: issuer,
        ...(await this.client.settings(folder)),
        RUST_LOG: 'debug',
      },
      folder,
      readyAt: `${this.url}/readyz`,
    });
  }

  async stop() {
    await this.app?.stop();
    await this.provider?.stop();
    this.wire?.close();
  }
}
