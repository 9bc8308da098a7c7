// What it costs to begin and to finish a sign-in.

import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { join } from 'node:path';
import { signIn } from './apps.mjs';
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

/** A whole sign-in, and how much of it goes into the check of the ID token's signature. */
export async function measureCallback(stage, { count, login }) {
  const app = await Server.start(stage.app());
  const once = () => signIn(app, '/login?return_to=/healthz');
  for (let number = 0; number < 20; number += 1) await once();
  const before = app.cpu();
  for (let number = 0; number < count; number += 1) await once();
  const cpu = ((app.cpu() - before) * 1e6) / count - login;
  await app.stop();
  const checks = signatures(stage);
  return { count, cpu, ...checks, share: checks.openidconnect / cpu };
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
