// What it costs to begin and to finish a sign-in.

import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { join } from 'node:path';
import { WRITER, signIn } from './apps.mjs';
import { load, median } from './load.mjs';
import { Server } from './servers.mjs';

/** `/login`: what it costs, and what it writes. */
export async function measureLogin(stage, { rounds, seconds }) {
  const app = await Server.start(stage.app());
  await load(app, { path: '/login', seconds: 1 });
  const before = app.written();
  const samples = [];
  for (let number = 0; number < rounds; number += 1) {
    samples.push(await load(app, { path: '/login', seconds }));
  }
  const written = app.written() - before;
  await app.stop();
  const cpu = median(samples.map((sample) => sample.cpu));
  const requests = samples.reduce((sum, sample) => sum + sample.requests, 0);
  return { cpu, perCore: 1e6 / cpu, requests, written };
}

/** The end of a sign-in, and where its time goes. */
export async function measureCallback(stage, { count, login }) {
  const app = await Server.start(stage.app());
  const once = () => signIn(app, '/login?return_to=/healthz');
  for (let number = 0; number < 20; number += 1) await once();
  const [before, written] = [app.cpu(), app.cpu(WRITER)];
  for (let number = 0; number < count; number += 1) await once();
  const each = (seconds) => (seconds * 1e6) / count;
  const cpu = each(app.cpu() - before) - login;
  const store = each(app.cpu(WRITER) - written);
  await app.stop();
  return { count, cpu, store, calls: CALLS * call(stage), ...signatures(stage) };
}

/** What a callback asks the provider for: the tokens, and userinfo. */
const CALLS = 2;

/** Microseconds of CPU for a call to the provider and nothing else, by the app's own HTTP client. */
function call(stage) {
  const url = `http://localhost:${stage.ports.provider}/.well-known/openid-configuration`;
  return Number(execFileSync(join(stage.bin, 'calls'), [url, '500'])) / 1000;
}

/** Microseconds for one RS256 signature of an ID token's size, in two libraries. */
function signatures(stage) {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const message = 'e'.repeat(1200);
  const key = publicKey.export({ format: 'jwk' });
  const input = JSON.stringify({
    jwk: { ...key, kid: 'one', use: 'sig' },
    modulus: Buffer.from(key.n, 'base64url').toString('hex'),
    message,
    signature: sign('RSA-SHA256', Buffer.from(message), privateKey).toString('hex'),
  });
  const { openidconnect, ring } = JSON.parse(execFileSync(join(stage.bin, 'signatures'), { input }));
  return { openidconnect: openidconnect / 1000, ring: ring / 1000 };
}
