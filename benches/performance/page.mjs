// What a protected page costs: the app beside a bare Actix handler and beside its rivals.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PATH, page, signIn } from './apps.mjs';
import { instructions, load, median } from './load.mjs';
import { Server } from './servers.mjs';

/** Rounds in turns over all programs; each number is the median, each ratio that of its round. */
export async function measurePage(stage, { rounds, seconds }) {
  const app = await Server.start(stage.app());
  const cookies = { app: await signIn(app) };
  const wanted = await page(app, cookies.app);
  writeFileSync(stage.pageFile, JSON.stringify(wanted));

  const redisServer = await stage.redis();
  const redisUrl = `redis://127.0.0.1:${redisServer.port}`;
  const { ports } = stage;
  const own = (name, options) => stage.app({ name, port: ports[name], ...options });
  const servers = {
    bare: await Server.start(stage.bare()),
    app,
    logged: await Server.start(own('logged', { log: 'info', store: join(stage.work, 'logged.redb') })),
    redis: await Server.start(own('redis', { store: redisUrl })),
    tower: await Server.start(stage.tower()),
    okta: await Server.start(stage.express('okta')),
    'openid-connect': await Server.start(stage.express('openid-connect')),
  };
  cookies.bare = cookies.app;
  cookies.tower = await signIn(servers.tower, '/sign-in');
  for (const name of ['logged', 'redis', 'okta', 'openid-connect']) {
    cookies[name] = await signIn(servers[name]);
  }
  for (const name of Object.keys(servers)) {
    same(servers[name], wanted, await page(servers[name], cookies[name]));
  }

  const samples = Object.fromEntries(Object.keys(servers).map((name) => [name, []]));
  // The first round warms up; V8 compiles for longer than that, so Express gets two.
  for (const name of ['okta', 'openid-connect']) await round(servers, cookies, name, wanted, seconds);
  for (let number = 0; number <= rounds; number += 1) {
    for (const name of Object.keys(servers)) {
      const sample = await round(servers, cookies, name, wanted, seconds);
      if (number > 0) samples[name].push(sample);
    }
  }
  for (const server of [...Object.values(servers), redisServer]) await server.stop();

  const results = {};
  for (const [name, measured] of Object.entries(samples)) {
    const ratio = (of) => median(measured.map((sample, at) => sample[of] / samples.bare[at][of]));
    results[name] = {
      throughput: median(measured.map((sample) => sample.throughput)),
      cpu: median(measured.map((sample) => sample.cpu)),
      throughputRatio: ratio('throughput'),
      cpuRatio: ratio('cpu'),
      cpuOfApp: median(measured.map((sample, at) => sample.cpu / samples.app[at].cpu)),
    };
  }
  return { results, pageBytes: Buffer.byteLength(wanted.body), rounds, seconds };
}

async function round(servers, cookies, name, wanted, seconds) {
  const body = Buffer.byteLength(wanted.body);
  return load(servers[name], { path: PATH, cookies: [cookies[name]], seconds, body });
}

/** Instructions of a request, in user space. */
export async function measureInstructions(stage, { count }) {
  const app = await Server.start(stage.app());
  const cookie = await signIn(app);
  writeFileSync(stage.pageFile, JSON.stringify(await page(app, cookie)));
  await app.stop();
  const asked = { path: PATH, cookie, count };
  const bare = await instructions((port) => stage.bare(port), asked);
  const ours = await instructions((port) => stage.app({ port }), asked);
  return { bare, app: ours, ratio: ours / bare };
}

/** Fails unless a program answers with the app's bytes and headers. */
function same(server, wanted, found) {
  const changing = { 'x-request-id': '', 'set-cookie': '' };
  const text = ({ headers }) => JSON.stringify(Object.entries({ ...headers, ...changing }).sort());
  // A minute may have begun in between.
  const settled = ({ body }) => body.replace(/less than a minute|\d+ minutes?/, '');
  const person = ({ body }) => body.replace(/name="csrf_token" value="[^"]*"/g, '').replace(/<td>.*<\/td>/g, '');
  const plain = (answer) => settled({ body: person(answer) });
  if (plain(wanted) !== plain(found) || text(wanted) !== text(found)) {
    throw new Error(`${server.name} answers otherwise:\n${text(wanted)}\n${text(found)}\n${found.body}`);
  }
}
