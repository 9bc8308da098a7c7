// What a protected page costs: the app, and a plain app with the library, beside a bare Actix handler
// and beside their rivals.

import { join } from 'node:path';
import { LONG_PAGE, PAGE, page, signIn } from './apps.mjs';
import { instructions, load, median } from './load.mjs';
import { Server } from './servers.mjs';

/**
 * How many connections ask. With so many, the load hardly ever sleeps while it asks the fastest
 * server, and a slower one has to wake it, which the kernel counts as CPU of the server. With few,
 * every answer wakes it, whichever server gives it; with many, hardly any does.
 */
const CONNECTIONS = 32;
const FEW = 8;
const MANY = 256;

/** For how many seconds Express is asked before each measurement. */
const WARM_UP = 5;

/** The middlewares behind which Express shows the page. */
const EXPRESS = ['okta', 'openid-connect'];

/** Each program, asked for a page by somebody who is signed in there. */
class Candidate {
  constructor(server, path, cookie, wanted, connections = CONNECTIONS) {
    this.connections = connections;
    this.server = server;
    this.path = path;
    this.cookie = cookie;
    this.wanted = wanted;
  }

  /** V8 forgets what it has compiled while nobody asks, and needs some seconds to be as fast again. */
  async warmUp() {
    if (EXPRESS.includes(this.server.name)) await this.measure(WARM_UP);
  }

  measure(seconds) {
    const body = Buffer.byteLength(this.wanted.body);
    const { path, connections, cookie } = this;
    return load(this.server, { path, cookies: [cookie], seconds, connections, body });
  }
}

/**
 * Rounds in turns over all programs; each number is the median, each ratio that of its round. Every
 * sitting starts the programs anew, since where a program happens to lie in memory changes its cost.
 */
export async function measurePage(stage, { sittings, rounds, seconds }) {
  const samples = {};
  let pages;
  for (let sitting = 0; sitting < sittings; sitting += 1) {
    const { servers, candidates, ...found } = await start(stage);
    pages = found;
    for (let number = 0; number <= rounds; number += 1) {
      for (const [name, candidate] of Object.entries(candidates)) {
        await candidate.warmUp();
        const sample = await candidate.measure(seconds);
        if (number > 0) (samples[name] ??= []).push({ sitting, ...sample });
      }
    }
    for (const server of servers) await server.stop();
  }

  const results = {};
  for (const [name, own] of Object.entries(samples)) {
    const [, kind = ''] = /(Long|Few|Many)?$/.exec(name);
    const ratios = (of, base) => own.map((sample, at) => sample[of] / samples[base + kind][at][of]);
    const ratio = (of, base) => median(ratios(of, base));
    /** The medians of the starts, the lowest and the highest. */
    const spread = (of, base) => {
      const all = ratios(of, base);
      const starts = Array.from({ length: sittings }, (_, sitting) => {
        return median(all.filter((_, at) => own[at].sitting === sitting));
      });
      return [Math.min(...starts), Math.max(...starts)];
    };
    results[name] = {
      throughput: median(own.map((sample) => sample.throughput)),
      cpu: median(own.map((sample) => sample.cpu)),
      throughputRatio: ratio('throughput', 'bare'),
      cpuRatio: ratio('cpu', 'bare'),
      cpuOfApp: ratio('cpu', 'app'),
      throughputSpread: spread('throughput', 'bare'),
      cpuSpread: spread('cpu', 'bare'),
    };
  }
  const bytes = ({ body }) => Buffer.byteLength(body);
  const crowds = { connections: CONNECTIONS, few: FEW, many: MANY };
  const [pageBytes, longPageBytes] = [bytes(pages.wanted), bytes(pages.long)];
  return { results, pageBytes, longPageBytes, sittings, rounds, seconds, ...crowds };
}

/** Starts every program, and has somebody signed in to each. */
async function start(stage) {
  const app = await Server.start(stage.app());
  const cookie = await signIn(app);
  const wanted = await page(app, cookie);
  const long = await page(app, cookie, LONG_PAGE);
  const { name, csrf_token } = JSON.parse((await page(app, cookie, '/api/me')).body);
  stage.keep(PAGE, { ...wanted, fields: { name, csrf_token } });
  stage.keep(LONG_PAGE, long);

  const [redisServer, postgresServer] = [await stage.redis(), await stage.postgres()];
  const database = `postgres://postgres@127.0.0.1:${postgresServer.port}/postgres`;
  const own = (name, options) => stage.app({ name, port: stage.ports[name], ...options });
  const bareLong = stage.bare({ port: stage.ports['bare-long'], path: LONG_PAGE });
  const servers = {
    bare: await Server.start(stage.bare()),
    bareLong: await Server.start(bareLong),
    app,
    plain: await Server.start(stage.plain()),
    logged: await Server.start(own('logged', { log: 'info', store: join(stage.work, 'logged.redb') })),
    redis: await Server.start(own('redis', { store: `redis://127.0.0.1:${redisServer.port}` })),
    postgres: await Server.start(own('postgres', { store: database })),
    tower: await Server.start(stage.tower()),
    okta: await Server.start(stage.express('okta')),
    'openid-connect': await Server.start(stage.express('openid-connect')),
  };
  const candidates = {
    bare: new Candidate(servers.bare, PAGE, cookie, wanted),
    app: new Candidate(app, PAGE, cookie, wanted),
    bareFew: new Candidate(servers.bare, PAGE, cookie, wanted, FEW),
    appFew: new Candidate(app, PAGE, cookie, wanted, FEW),
    bareMany: new Candidate(servers.bare, PAGE, cookie, wanted, MANY),
    appMany: new Candidate(app, PAGE, cookie, wanted, MANY),
    bareLong: new Candidate(servers.bareLong, LONG_PAGE, cookie, long),
    appLong: new Candidate(app, LONG_PAGE, cookie, long),
    tower: new Candidate(servers.tower, PAGE, await signIn(servers.tower, '/sign-in'), wanted),
  };
  for (const name of ['plain', 'logged', 'redis', 'postgres', ...EXPRESS]) {
    candidates[name] = new Candidate(servers[name], PAGE, await signIn(servers[name]), wanted);
  }
  for (const name of EXPRESS) {
    const { server, cookie } = candidates[name];
    candidates[`${name}Many`] = new Candidate(server, PAGE, cookie, wanted, MANY);
    candidates[`${name}, finished`] = new Candidate(server, `${PAGE}/finished`, cookie, wanted);
  }
  for (const { server, path, cookie: own, wanted: page_ } of Object.values(candidates)) {
    same(server, page_, await page(server, own, path));
  }
  return { servers: [...Object.values(servers), redisServer, postgresServer], candidates, wanted, long };
}

/** Instructions of a request, in user space. */
export async function measureInstructions(stage, { count }) {
  const cookie = await keepPages(stage, [PAGE, LONG_PAGE]);
  const counts = {};
  for (const path of [PAGE, LONG_PAGE]) {
    const request = { path, cookie, count };
    counts[path] = {
      bare: await instructions(stage.bare({ path }), request),
      app: await instructions(stage.app(), request),
    };
  }
  const plain = await Server.start(stage.plain());
  const plainCookie = await signIn(plain);
  await plain.stop();
  counts[PAGE].plain = await instructions(stage.plain(), { path: PAGE, cookie: plainCookie, count });
  return { page: counts[PAGE], longPage: counts[LONG_PAGE] };
}

/** Keeps what the app answers, for the programs without a view, and gives the cookie of who is signed in. */
export async function keepPages(stage, paths) {
  const app = await Server.start(stage.app());
  const cookie = await signIn(app);
  for (const path of paths) stage.keep(path, await page(app, cookie, path));
  await app.stop();
  return cookie;
}

/** Fails unless a program answers with the app's bytes and headers. */
function same(server, wanted, found) {
  const comparable = ({ headers, body }) => {
    const fixed = { ...headers, 'x-request-id': '', 'set-cookie': '' };
    // Helmet puts no spaces between directives.
    fixed['content-security-policy'] = fixed['content-security-policy'].replaceAll('; ', ';');
    // What differs from one sign-in, or one answer, to the next.
    const text = body.replace(/ value="[^"]*"/g, '').replace(/<dd>.*<\/dd>/g, '');
    return JSON.stringify([Object.entries(fixed).sort(), text]);
  };
  if (comparable(wanted) !== comparable(found)) {
    throw new Error(`${server.name} answers otherwise:\n${comparable(wanted)}\n${comparable(found)}`);
  }
}
