// The programs that are measured, and how each is started: the app as it is generated, a plain Actix
// app with the library, a bare Actix handler and the rivals, all with the same page for the same person.

import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../tests/ports.mjs';
import { Browser } from './browser.mjs';
import { SECRET, record } from './people.mjs';
import { LOAD_CORE, Server } from './servers.mjs';

const here = new URL('.', import.meta.url).pathname;
/** The page that is measured: a heading, a form, and a role to ask for. */
export const PAGE = '/admin';
/** The same with much to show: all that the provider says of the person. */
export const LONG_PAGE = '/profile';
/** The thread of the app that writes to the embedded store. */
export const WRITER = 'session-store';
/** Runs a PostgreSQL server until its input ends. */
const POSTGRES = join(here, '../../template/crates/vestibule/tests/postgres/server.sh');
/** Tokens and claims of one session, in bytes. */
export const RECORD_BYTES = 6 * 1024;
// What the server decides anew for each answer.
const PER_ANSWER = ['date', 'content-length', 'connection', 'keep-alive', 'transfer-encoding'];

/** The provider, the ports and the files that all the programs share. */
export class Stage {
  /** Starts the provider. `bin` holds the release builds, `work` is a folder to write to. */
  static async open(bin, work) {
    const apps = ['app', 'logged', 'redis', 'postgres', 'plain'];
    const names = ['provider', 'bare', 'bare-long', ...apps, 'tower', 'okta', 'openid-connect'];
    const ports = {};
    for (const name of [...names, 'redis-server', 'postgres-server']) ports[name] = await freePort();
    const stage = new Stage(bin, work, ports);
    const at = (name, path) => `http://localhost:${ports[name]}${path}`;
    const clients = [
      { client_id: 'app', redirect_uris: apps.map((name) => at(name, '/authorization-code/callback')) },
      { client_id: 'okta', redirect_uris: [at('okta', '/authorization-code/callback')] },
      { client_id: 'openid-connect', redirect_uris: [at('openid-connect', '/callback')] },
    ];
    await Server.start({
      name: 'oidc-provider',
      command: [process.execPath, join(here, 'provider.mjs'), ports.provider, JSON.stringify(clients)].map(String),
      port: ports.provider,
      path: '/.well-known/openid-configuration',
      core: LOAD_CORE,
    });
    return stage;
  }

  constructor(bin, work, ports) {
    this.bin = bin;
    this.work = work;
    this.ports = ports;
    this.recordFile = join(work, 'record.json');
    writeFileSync(this.recordFile, JSON.stringify(record(RECORD_BYTES)));
  }

  /** The app, as an operator starts it. Its log is cut to warnings unless `log` says otherwise. */
  app({ port = this.ports.app, store = join(this.work, 'app.redb'), log = 'warn', env = {}, name = 'app' } = {}) {
    return this.#withSettings([join(this.bin, 'app')], { name, port, store, log, env });
  }

  /** A plain Actix app with the library, which answers with finished bytes and headers. */
  plain({ path = PAGE } = {}) {
    const command = [join(this.bin, 'plain'), path, this.#pageFile(path)];
    return this.#withSettings(command, { name: 'plain', port: this.ports.plain, store: join(this.work, 'plain.redb') });
  }

  #withSettings(command, { name, port, store, log = 'warn', env = {} }) {
    return {
      name,
      command,
      port,
      // Ready means that the provider is known: the page's headers name it.
      path: '/login',
      env: {
        APP_BASE_URL: `http://localhost:${port}`,
        OIDC_ISSUER: `http://localhost:${this.ports.provider}`,
        OIDC_CLIENT_ID: 'app',
        OIDC_CLIENT_SECRET: SECRET,
        SESSION_SECRET: SECRET.repeat(3),
        SESSION_STORE: store.includes('://') ? store : `embedded:${store}`,
        ACCOUNTS_FILE: join(this.work, `accounts-${port}.redb`),
        // All the load comes from one address.
        APP_LOGIN_RATE: '1000000',
        RUST_LOG: log,
        ...env,
      },
    };
  }

  /** Writes down what the programs without a view are to answer. */
  keep(path, page) {
    writeFileSync(this.#pageFile(path), JSON.stringify(page));
  }

  #pageFile(path) {
    return join(this.work, `${path.slice(1)}.json`);
  }

  /** The bare handler. With `sessions`, a cookie's name and a file of its values, it knows them by one hash map. */
  bare({ port = this.ports.bare, path = PAGE, sessions = [] } = {}) {
    const command = [join(this.bin, 'bare'), String(port), path, this.#pageFile(path), ...sessions];
    return { name: 'bare', command, port };
  }

  tower() {
    const port = this.ports.tower;
    const files = [this.#pageFile(PAGE), this.recordFile];
    const command = [join(this.bin, 'axum-tower-sessions'), String(port), PAGE, ...files];
    return { name: 'tower', command, port };
  }

  express(kind) {
    const port = this.ports[kind];
    const issuer = `http://localhost:${this.ports.provider}`;
    const command = [process.execPath, join(here, 'express.mjs'), kind, port, issuer];
    command.push(PAGE, this.#pageFile(PAGE));
    return { name: kind, command: command.map(String), port, env: { NODE_ENV: 'production' } };
  }

  /** A Redis of its own, which writes nothing to disk. */
  async redis() {
    const port = this.ports['redis-server'];
    const options = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', this.work];
    const command = ['redis-server', ...options].map(String);
    return Server.start({ name: 'redis-server', command, port, path: null, core: LOAD_CORE });
  }

  /** A PostgreSQL of its own, as the library's tests start it, which waits for no disk. */
  async postgres() {
    const port = this.ports['postgres-server'];
    const versions = readdirSync('/usr/lib/postgresql').map(Number);
    const programs = `/usr/lib/postgresql/${Math.max(...versions)}/bin`;
    const command = ['sh', POSTGRES, programs, port, '', ''].map(String);
    const options = { path: null, core: LOAD_CORE, input: 'start\n' };
    return Server.start({ name: 'postgres-server', command, port, ...options });
  }
}

/** The name of the cookie with the session's id, of the app at this URL; see the library's `cookies.rs`. */
export function sessionCookie(url) {
  const { origin, pathname } = new URL(url);
  const hash = createHash('sha256');
  for (const part of ['base URL', origin, pathname.replace(/\/+$/, '')]) {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(Buffer.byteLength(part)));
    hash.update(length).update(part);
  }
  return `user-session-${hash.digest().subarray(0, 6).toString('base64url')}`;
}

/**
 * Signs in and gives the cookies, as a request header: those that are left after ten minutes, when
 * browsers drop the transaction.
 */
export async function signIn(server, path = PAGE) {
  const browser = new Browser();
  const status = await browser.open(server.url + path);
  if (status >= 300) throw new Error(`${server.name}: the sign-in ended with status ${status}`);
  return browser.cookies(server.url, /^(__Host-)?transaction-/);
}

/** What a server answers: the headers and the page. */
export async function page(server, cookie, path = PAGE) {
  const answer = await fetch(server.url + path, { headers: { cookie }, redirect: 'manual' });
  const body = await answer.text();
  if (answer.status !== 200) throw new Error(`${server.name} answered ${answer.status}`);
  const headers = [...answer.headers].filter(([name]) => !PER_ANSWER.includes(name));
  return { headers: Object.fromEntries(headers), body };
}
