// An app made with `--database`, as it runs: its accounts are there after a restart, and without
// its database it asks people to try again, until the database is back.
//
//     node tests/database.mjs sqlite|postgres path/to/target/debug/app

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

import { App } from './browser/app.mjs';
import { freePort } from './ports.mjs';

const PATIENCE = 60_000;
const PASSWORD = 'hunter2-and-more';

/** A browser without scripts: it keeps cookies, and follows redirects. */
class Browser {
  #cookies = new Map();

  constructor(app) {
    this.app = app;
  }

  /** Asks as a script does. */
  get(path) {
    return this.#send(new URL(path, this.app.url), { accept: 'application/json' });
  }

  /** Goes to a page, and where it leads. */
  async visit(url, headers = {}, form = undefined) {
    const navigate = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' };
    const answer = await this.#send(url, { ...navigate, ...headers }, form);
    const { location } = answer.headers;
    return location ? this.visit(new URL(location, url)) : { ...answer, url };
  }

  /** Signs somebody in at the development provider; the answer is the page at the end. */
  async signIn(person) {
    const list = await this.visit(new URL('/profile', this.app.url));
    const action = list.body.match(/<form method="post" action="([^"]*)"/)[1];
    const asked = list.body.match(/name="request" value="([^"]*)"/)[1];
    const form = new URLSearchParams({ request: asked, person });
    return this.visit(new URL(action, list.url), { origin: list.url.origin }, form);
  }

  /** By hand, as `fetch` doesn't say that it navigates. */
  async #send(url, headers, form) {
    const jar = this.#jar(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const asking = request(url, {
      method: form ? 'POST' : 'GET',
      headers: { ...headers, ...(cookie && { cookie }), ...(form && type) },
    });
    asking.end(form?.toString());
    const [answer] = await once(asking, 'response');
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name, value] = line.match(/^([^=]*)=([^;]*)/);
      jar.set(name, value);
    }
    return { status: answer.statusCode, headers: answer.headers, body: await text(answer) };
  }

  #jar({ port }) {
    if (!this.#cookies.has(port)) this.#cookies.set(port, new Map());
    return this.#cookies.get(port);
  }
}

/** A PostgreSQL server in a folder of its own. */
class Server {
  #folder = mkdtempSync(join(tmpdir(), 'app-database-'));
  #bin = '/usr/lib/postgresql';
  // PostgreSQL refuses to run as root.
  #isRoot = process.getuid() === 0;

  constructor(port) {
    this.port = port;
    const versions = readdirSync(this.#bin).sort((one, other) => other - one);
    this.#bin = `${this.#bin}/${versions[0]}/bin`;
    if (this.#isRoot) execFileSync('chown', ['postgres', this.#folder]);
    this.#run('initdb', '--username=app', '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C');
  }

  get url() {
    return `postgres://app:${PASSWORD}@127.0.0.1:${this.port}/postgres`;
  }

  start() {
    const options = `-p ${this.port} -k '${this.#folder}' -c listen_addresses=127.0.0.1`;
    this.#run('pg_ctl', '--wait', '--silent', `--log=${this.#folder}/log`, `--options=${options}`, 'start');
  }

  /** As if the machine lost its power. */
  kill() {
    this.#run('pg_ctl', '--mode=immediate', '--silent', 'stop');
  }

  /** Has all of its processes stand still, or go on: `SIGSTOP`, `SIGCONT`. */
  signal(signal) {
    const pid = readFileSync(join(this.#folder, 'postmaster.pid'), 'utf8').split('\n')[0];
    const children = execFileSync('ps', ['-o', 'pid=', '--ppid', pid], { encoding: 'utf8' });
    for (const each of [pid, ...children.trim().split(/\s+/)]) process.kill(Number(each), signal);
  }

  remove() {
    try {
      this.signal('SIGCONT');
      this.kill();
    } catch {
      // It has ended already.
    }
    rmSync(this.#folder, { recursive: true });
  }

  #run(program, ...options) {
    const command = [`${this.#bin}/${program}`, `--pgdata=${this.#folder}`, ...options];
    const [first, ...rest] = this.#isRoot ? ['runuser', '-u', 'postgres', '--', ...command] : command;
    execFileSync(first, rest, { cwd: '/', stdio: ['ignore', 'ignore', 'inherit'] });
  }
}

async function eventually(what, holds) {
  const until = Date.now() + PATIENCE;
  while (!(await holds())) {
    assert.ok(Date.now() < until, `${what} did not happen within ${PATIENCE / 1000} s`);
    await sleep(50);
  }
}

/** What the pages say while the database is away. */
async function assertDown(app, alice) {
  // For a few seconds the app uses what it remembers of her.
  await eventually('a 503', async () => (await alice.get('/profile')).status === 503);
  const asked = Date.now();
  const answer = await alice.get('/api/me');
  assert.equal(answer.status, 503);
  assert.equal(JSON.parse(answer.body).code, 'unavailable');
  assert.ok(Date.now() - asked < 10_000, 'the 503 took too long');
  const ready = await new Browser(app).get('/readyz');
  assert.equal(ready.status, 503);
  assert.equal(JSON.parse(ready.body).app, 'unavailable');
  assert.equal((await new Browser(app).visit(new URL(app.url))).status, 200);
  const bob = new Browser(app);
  assert.equal((await bob.signIn('bob')).status, 503);
  assert.equal((await bob.get('/api/me')).status, 401, 'nobody is signed in without an account');
}

async function assertBack(app, alice) {
  await eventually('a page', async () => (await alice.get('/profile')).status === 200);
  assert.equal((await new Browser(app).get('/readyz')).status, 200);
  assert.equal((await new Browser(app).signIn('bob')).status, 200);
}

async function countOfAccounts(alice) {
  const page = await alice.visit(new URL('/admin', alice.app.url));
  return Number(page.body.match(/(\d+) (person has|people have) an account/)[1]);
}

async function survivesRestart(app, alice) {
  const before = await countOfAccounts(alice);
  await app.restart();
  assert.equal((await alice.get('/profile')).status, 200);
  assert.equal(await countOfAccounts(alice), before);
}

async function withSqlite(binary) {
  const app = await App.start(binary);
  try {
    const alice = new Browser(app);
    assert.equal((await alice.signIn('alice')).status, 200);
    assert.equal(await countOfAccounts(alice), 1);
    await survivesRestart(app, alice);
  } finally {
    await app.tidy();
  }
}

async function withPostgres(binary) {
  const server = new Server(await freePort());
  const settings = { DATABASE_URL: server.url };
  const refused = spawnSync(resolve(binary), { env: settings, encoding: 'utf8' });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, new RegExp(`DATABASE_URL: the database at 127.0.0.1:${server.port}`));
  assert.match(refused.stderr, /docker compose up -d --wait database/);
  assert.doesNotMatch(refused.stderr, new RegExp(PASSWORD));
  let app;
  try {
    server.start();
    app = await App.start(binary, settings);
    const alice = new Browser(app);
    assert.equal((await alice.signIn('alice')).status, 200);
    assert.equal(await countOfAccounts(alice), 1);

    server.kill();
    await assertDown(app, alice);
    server.start();
    await assertBack(app, alice);
    assert.equal(await countOfAccounts(alice), 2);

    server.signal('SIGSTOP');
    await assertDown(app, alice);
    server.signal('SIGCONT');
    await assertBack(app, alice);

    await survivesRestart(app, alice);
    assert.doesNotMatch(app.output, new RegExp(PASSWORD));
  } catch (error) {
    if (app) error.message += `\n${app.output}`;
    throw error;
  } finally {
    await app?.tidy();
    server.remove();
  }
}

const [kind, binary] = process.argv.slice(2);
await { sqlite: withSqlite, postgres: withPostgres }[kind](binary);
console.log(`the app keeps its accounts in ${kind}`);
