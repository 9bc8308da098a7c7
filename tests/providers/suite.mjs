// The app with providers that other people wrote: for each of them, and for
// each variant that it is started in, the same tests.
//
//     node tests/providers/suite.mjs path/to/target/debug/app [--first] [part of a title]
//
// `--first` takes the first variant of each provider.
//
// A capability that a provider's own metadata does not offer is left out, and
// the matrix says so. Everything else has to pass.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { decodeJwt, decodeProtectedHeader } from 'jose';

import { PATIENCE, launch } from '../browser/browser.mjs';
import { providers, variantName } from './providers.mjs';
import { Setting } from './setting.mjs';
import { Visitor } from './visitor.mjs';

const NOT_OFFERED = 'not offered';

const isFirst = (argument) => argument === '--first';
const [binary, ...rest] = process.argv.slice(2);
const [wanted = ''] = rest.filter((argument) => !isFirst(argument));
const count = rest.some(isFirst) ? 1 : undefined;
if (!binary) {
  console.error('error: give the path of the app, a debug build');
  process.exit(1);
}
const browser = await launch();
after(() => browser.close());

for (const provider of providers.filter(({ title }) => title.includes(wanted))) {
  for (const variant of provider.variants.slice(0, count)) {
    describe(`${provider.title}: ${variantName(variant)}`, () => suite(provider, variant));
  }
}

function suite(provider, variant) {
  let setting;
  // Until an access token has ended or is near its end, and new ones bear another time: some
  // providers cannot store two that are the same.
  const untilTokensEnd = () => sleep(provider.tokensEndAfter ?? 2100);
  before(async () => (setting = await Setting.make(binary, provider, variant)));
  after(() => setting?.stop());
  const check = (title, body) =>
    test(title, { timeout: 3 * PATIENCE }, async (context) => {
      const visitors = [];
      setting.arrive = async () => {
        visitors.push(await Visitor.arrive(browser, setting));
        return visitors.at(-1);
      };
      if (setting.isBroken) throw new Error('not tried: signing in fails');
      try {
        await body(setting, context);
      } catch (error) {
        setting.isBroken ||= title === 'sign-in';
        const told = [
          error.message,
          ...(await Promise.all(visitors.map((visitor) => visitor.view()))),
          `the app's log:\n${setting.app.output.slice(-8000)}`,
          `the provider's log:\n${setting.provider.output.slice(-8000)}`,
        ];
        throw new Error(told.join('\n\n'), { cause: error });
      } finally {
        for (const visitor of visitors) await visitor.leave();
      }
    });

  check('sign-in', async ({ arrive, wire, provider, metadata }) => {
    const visitor = await arrive();
    await visitor.signIn();
    const exchange = wire.to(metadata.token_endpoint).at(-1);
    assert.equal(exchange.form.get('grant_type'), 'authorization_code');
    assert.equal(methodOf(exchange), variant.method);
    const { id_token } = JSON.parse(exchange.answer);
    assert.equal(decodeProtectedHeader(id_token).alg, variant.alg);
    const me = (await visitor.get('/api/me')).body;
    assert.equal(me.sub, decodeJwt(id_token).sub);
    assert.equal(me.name, provider.person.name);
  });

  check('pushed authorization request', async ({ arrive, wire, metadata }, context) => {
    const endpoint = metadata.pushed_authorization_request_endpoint;
    if (!endpoint) return context.skip(NOT_OFFERED);
    const visitor = await arrive();
    const asked = visitor.page.waitForRequest((request) =>
      request.url().startsWith(metadata.authorization_endpoint),
    );
    await visitor.signIn();
    const query = new URL((await asked).url()).searchParams;
    const pushed = wire.to(endpoint).at(-1);
    assert.equal(pushed.status, 201);
    assert.equal(methodOf(pushed), variant.method);
    assert.equal(query.get('request_uri'), JSON.parse(pushed.answer).request_uri);
    assert.deepEqual([...query.keys()].sort(), ['client_id', 'request_uri']);
  });

  check('userinfo', async ({ arrive, wire, provider, metadata }) => {
    const visitor = await arrive();
    await visitor.signIn();
    const { sub } = (await visitor.get('/api/me')).body;
    const { status, body } = await visitor.get('/api/userinfo');
    assert.equal(status, 200);
    assert.equal(body.sub, sub);
    assert.equal(body.email, provider.person.email);

    const call = wire.to(metadata.userinfo_endpoint).at(-1);
    assert.equal(call.status, 200);
    assert.match(call.headers.authorization, /^Bearer /);
    if (variant.userinfo === 'JSON') {
      assert.match(call.contentType, /^application\/json\b/);
    } else {
      assert.match(call.contentType, /^application\/jwt\b/);
      assert.equal(decodeProtectedHeader(call.answer).alg, variant.userinfo);
    }
  });

  check('refresh', async ({ arrive, wire, client, provider, metadata }, context) => {
    const visitor = await arrive();
    await visitor.signIn();
    let { access_token: before, refresh_token: refreshToken } = lastTokens(wire, metadata);
    if (!refreshToken) return context.skip(NOT_OFFERED);
    // An access token lives for seconds, so each use renews it.
    for (const time of ['first', 'second']) {
      await untilTokensEnd();
      assert.equal((await visitor.get('/api/userinfo')).status, 200);
      const refresh = wire.to(metadata.token_endpoint).at(-1);
      assert.equal(refresh.form.get('grant_type'), 'refresh_token', `the ${time} time`);
      assert.equal(refresh.form.get('refresh_token'), refreshToken);
      assert.equal(refresh.status, 200);
      assert.equal(methodOf(refresh), variant.method);
      const tokens = JSON.parse(refresh.answer);
      assert.notEqual(tokens.access_token, before);
      const { headers } = wire.to(metadata.userinfo_endpoint).at(-1);
      assert.equal(headers.authorization, `Bearer ${tokens.access_token}`);
      before = tokens.access_token;
      refreshToken = tokens.refresh_token ?? refreshToken;
    }
    if (!offersRevocation(metadata, variant)) return;
    // However the provider says that it is over, the user session ends here too.
    await client.post(metadata.revocation_endpoint, { token: refreshToken }, provider.issuer);
    await untilTokensEnd();
    const { status, body } = await visitor.get('/api/userinfo');
    assert.equal(wire.to(metadata.token_endpoint).at(-1).status, 400);
    assert.equal(status, 401);
    assert.equal(body.code, 'refresh_refused');
    assert.equal((await visitor.get('/api/me')).status, 401);
  });

  check('refresh token rotation', async ({ arrive, wire, metadata }, context) => {
    const visitor = await arrive();
    await visitor.signIn();
    const { refresh_token: first } = lastTokens(wire, metadata);
    await untilTokensEnd();
    assert.equal((await visitor.get('/api/userinfo')).status, 200);
    const refresh = wire.to(metadata.token_endpoint).at(-1);
    assert.equal(refresh.status, 200);
    const { refresh_token: second } = JSON.parse(refresh.answer);
    if (!first || !second || second === first) return context.skip(NOT_OFFERED);
    await untilTokensEnd();
    assert.equal((await visitor.get('/api/userinfo')).status, 200);
    assert.equal(wire.to(metadata.token_endpoint).at(-1).form.get('refresh_token'), second);
  });

  check('sign-out with revocation', async ({ arrive, wire, client, provider, metadata }, context) => {
    if (!offersRevocation(metadata, variant)) return context.skip(NOT_OFFERED);
    const endpoint = metadata.revocation_endpoint;
    const visitor = await arrive();
    await visitor.signIn();
    const { access_token, refresh_token } = lastTokens(wire, metadata);
    const revocations = wire.to(endpoint).length;
    await visitor.press('Sign out');
    const tokens = [refresh_token, access_token].filter(Boolean);
    const ended = () => wire.to(endpoint).slice(revocations);
    await until(() => ended().length === tokens.length);
    for (const revocation of ended()) assert.equal(methodOf(revocation), variant.method);
    // Some end the access token with the refresh token, and know it no longer.
    assert.equal(ended()[0].status, 200);
    assert.deepEqual(ended().map(({ form }) => form.get('token')).sort(), tokens.sort());
    if (refresh_token) {
      const fields = { grant_type: 'refresh_token', refresh_token };
      const refused = await client.post(metadata.token_endpoint, fields, provider.issuer);
      assert.equal(refused.status, 400);
    }
  });

  check('sign-out at the provider', async ({ arrive, provider, metadata }, context) => {
    if (!metadata.end_session_endpoint) return context.skip(NOT_OFFERED);
    const visitor = await arrive();
    await visitor.signIn();
    await visitor.press('Sign out');
    await provider.confirmSignOut(visitor.page);
    await visitor.page.waitForURL(`${setting.url}/logged-out?**`);
    assert.equal((await visitor.get('/api/me')).status, 401);
    // The provider asks for a password again: the session there has ended too.
    await visitor.signIn();
  });

  check('back-channel logout', async ({ arrive, provider, metadata }, context) => {
    if (!metadata.backchannel_logout_supported) return context.skip(NOT_OFFERED);
    const visitor = await arrive();
    const elsewhere = await arrive();
    await visitor.signIn();
    await elsewhere.signIn();
    const cookies = await visitor.cookies();
    await provider.endSession(visitor.page);
    await until(async () => (await visitor.get('/api/me')).status === 401);
    assert.deepEqual(await visitor.cookies(), cookies, 'it was not the browser that ended it');
    assert.equal((await elsewhere.get('/api/me')).status, 200, 'the other session goes on');
  });

  check('a new signing key', async ({ arrive, wire, provider, metadata }) => {
    await (await arrive()).signIn();
    const before = keyOf(lastTokens(wire, metadata));
    const looks = wire.to(metadata.jwks_uri).length;
    await provider.rotateKey();
    await (await arrive()).signIn();
    assert.notEqual(keyOf(lastTokens(wire, metadata)), before);
    assert.equal(wire.to(metadata.jwks_uri).length, looks + 1);
  });
}

function offersRevocation(metadata, { method }) {
  const { revocation_endpoint: endpoint, revocation_endpoint_auth_methods_supported: methods } = metadata;
  return Boolean(endpoint) && (methods?.includes(method) ?? true);
}

/** How the client authenticated in a call to the provider (OIDC Core 9). */
function methodOf({ headers, form }) {
  const methods = [];
  if (headers.authorization?.startsWith('Basic ')) methods.push('client_secret_basic');
  if (form.has('client_secret')) methods.push('client_secret_post');
  if (form.has('client_assertion')) methods.push('private_key_jwt');
  return methods.join(' and ');
}

function lastTokens(wire, metadata) {
  return JSON.parse(wire.to(metadata.token_endpoint).at(-1).answer);
}

function keyOf({ id_token }) {
  return decodeProtectedHeader(id_token).kid;
}

/** Waits until `look` sees something, and gives that. */
async function until(look) {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await sleep(50)) {
    const seen = await look();
    if (seen) return seen;
  }
  assert.fail(`never came true: ${look}`);
}
