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

/** Several providers by name, each in its first variant, and the app as a client of each. */
export class Several {
  providers = {};
  wires = {};

  static make(binary, modules) {
    return orStop(new Several(), (setting) => setting.#make(binary, modules));
  }

  async #make(binary, modules) {
    const port = await freePort();
    this.url = `http://localhost:${port}`;
    const folder = await newFolder();
    const env = {
      APP_BASE_URL: this.url,
      OIDC_PROVIDERS: Object.keys(modules).join(' '),
      RUST_LOG: 'debug',
    };
    for (const [name, module] of Object.entries(modules)) {
      const variant = module.variants[0];
      const client = await Client.create(this.url, variant, name);
      const wire = await Wire.open();
      this.wires[name] = wire;
      this.providers[name] = await module.start(client, variant, wire);
      const settings = {
        OIDC_ISSUER: this.providers[name].issuer,
        OIDC_TITLE: module.title,
        ...(await client.settings(folder)),
      };
      for (const [variable, value] of Object.entries(settings)) {
        env[variable.replace('OIDC_', `OIDC_${name.toUpperCase()}_`)] = value;
      }
    }
    const readyAt = `${this.url}/readyz`;
    this.app = await Program.start(resolve(binary), { env, folder, readyAt });
  }

  async stop() {
    await this.app?.stop();
    for (const provider of Object.values(this.providers)) await provider.stop();
    for (const wire of Object.values(this.wires)) wire.close();
  }
}
