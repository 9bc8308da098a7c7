// What a test runs in: a provider, the app as its client, and the wire between.

import { resolve } from 'node:path';

import { Client } from './client.mjs';
import { Program, freePort, newFolder } from './program.mjs';
import { Wire } from './wire.mjs';

/** One provider and the app as its client, both running. */
export class Setting {
  static async make(binary, provider, variant) {
    const setting = new Setting();
    const port = await freePort();
    setting.url = `http://localhost:${port}`;
    setting.client = await Client.create(setting.url, variant);
    setting.provider = await provider.start(setting.client, variant);
    setting.wire = await Wire.open();
    const { issuer } = setting.provider;
    setting.metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
    const folder = await newFolder();
    setting.app = await Program.start(resolve(binary), {
      env: {
        APP_BASE_URL: setting.url,
        OIDC_ISSUER: issuer,
        ...(await setting.client.settings(folder)),
        HTTP_PROXY: setting.wire.url,
        RUST_LOG: 'debug',
      },
      folder,
      readyAt: `${setting.url}/readyz`,
    });
    return setting;
  }

  async tidy() {
    await this.app?.stop();
    await this.provider?.stop();
    this.wire?.close();
  }
}
