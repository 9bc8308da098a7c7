// The real Okta Sign-In Widget, from npm, in the app's login page: people sign in
// with a password at the development provider, on both engines.
//
//     node tests/browser/widget.mjs path/to/target/debug/app

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import { WIDGET_FILES, atProvider, choose, openBrowser, sees, startApp, testsAt } from './harness.mjs';
import { fillIn, name, password } from './widget-form.mjs';

/** What the widget's files are, by their endings. */
const TYPES = {
  css: 'text/css; charset=utf-8',
  gif: 'image/gif',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json',
  png: 'image/png',
  svg: 'image/svg+xml',
  ttf: 'font/ttf',
  woff: 'font/woff',
  woff2: 'font/woff2',
};

const browser = await openBrowser();

for (const engine of ['identity', 'classic']) {
  const app = await startApp(`widget-${engine}`, {
    OIDC_LOGIN_PAGE: 'widget',
    OIDC_WIDGET_ENGINE: engine,
    OIDC_WIDGET_ASSETS: WIDGET_FILES,
  });
  const test = testsAt(app, browser);

  test(`${engine}: alice signs in on the app's own page and reaches the page that she asked for`, async (visitor) => {
    const { page } = visitor;
    const foreign = foreignOrigins(page, app);
    await page.goto('/profile');
    assert.equal(new URL(page.url()).pathname, '/login');
    await form(page);
    await visitor.photograph(`widget-${engine}`);
    await fillIn(page, 'alice', 'secret');
    await page.waitForURL(`${app.url}/profile`);
    await sees(page, 'heading', 'Your profile');
    assert.deepEqual([...foreign], [], 'nothing was loaded from elsewhere');
    assert.deepEqual((await visitor.cookies()).filter((cookie) => !cookie.httpOnly), []);
  });

  test(`${engine}: a wrong password is refused in place, and the right one then signs in`, async (visitor) => {
    const { page } = visitor;
    await page.goto('/login');
    await form(page);
    visitor.expects(/401/);
    await fillIn(page, 'bob', 'wrong');
    await page.getByText('Unable to sign in').first().waitFor();
    await visitor.photograph(`widget-${engine}-refused`);
    await fillIn(page, 'bob', 'secret');
    await page.waitForURL(`${app.url}/`);
    await sees(page, 'heading', /^Hello, Bob\b/);
  });

  test(`${engine}: the keyboard alone signs in`, async (visitor) => {
    const { page } = visitor;
    await page.goto('/login');
    await form(page);
    await tabTo(page, name(page));
    await page.keyboard.type('alice');
    await tabTo(page, password(page));
    await page.keyboard.type('secret');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${app.url}/`);
    await sees(page, 'heading', /^Hello, Alice\b/);
  });

  test(`${engine}: the policy of the page allows nothing unsafe and no foreign files`, async (visitor) => {
    const answer = await visitor.page.goto('/login');
    const policy = answer.headers()['content-security-policy'];
    assert.match(policy, /script-src 'nonce-[^']+'/);
    assert.doesNotMatch(policy, /unsafe-/);
    assert.doesNotMatch(policy, /\*/);
    assert.doesNotMatch(policy, /okta/);
    await form(visitor.page);
  });
}

{
  const app = await startApp('widget-lost', { OIDC_LOGIN_PAGE: 'widget', OIDC_WIDGET_ASSETS: WIDGET_FILES });
  const test = testsAt(app, browser);

  test('a sign-in that the provider has forgotten begins again in place', async (visitor) => {
    const { page } = visitor;
    visitor.expects(/401/);
    await page.goto('/profile');
    await form(page);
    // A handle that the provider does not know, as after its restart.
    await page.route('**/idp/idx/identify', (route) => {
      const asked = { ...route.request().postDataJSON(), stateHandle: 'forgotten' };
      return route.continue({ postData: JSON.stringify(asked) });
    }, { times: 1 });
    await fillIn(page, 'alice', 'secret');
    await page.getByText('You have been logged out due to inactivity').waitFor();
    await visitor.photograph('widget-forgotten');
    await page.getByRole('link', { name: 'Back to sign in' }).click();
    await form(page);
    await fillIn(page, 'alice', 'secret');
    await page.waitForURL(`${app.url}/profile`);
    await sees(page, 'heading', 'Your profile');
  });

  test('a sign-in that needs another step goes on in the widget', async (visitor) => {
    const { page } = visitor;
    await page.goto('/profile');
    await form(page);
    const begun = await settings(page);
    // So a further factor leads away from the page, and back by way of the provider.
    const href = `${begun.redirectUri}?${new URLSearchParams({ state: begun.state, error: 'interaction_required' })}`;
    await page.route('**/idp/idx/identify', (route) => route.fulfill({
      headers: { 'access-control-allow-origin': app.url, 'access-control-allow-credentials': 'true' },
      json: {
        version: '1.0.0',
        messages: { type: 'array', value: [{ message: 'One more step', class: 'INFO' }] },
        failure: { name: 'failure-redirect', href },
      },
    }), { times: 1 });
    await fillIn(page, 'alice', 'secret');
    await page.waitForURL(href);
    await form(page);
    assert.deepEqual(ofTransaction(await settings(page)), ofTransaction(begun));
    await fillIn(page, 'alice', 'secret');
    await page.waitForURL(`${app.url}/profile`);
    await sees(page, 'heading', 'Your profile');
  });

  test('the link of an e-mail goes on in the widget with its one-time code', async (visitor) => {
    const { page } = visitor;
    await page.goto('/profile');
    await form(page);
    const begun = await settings(page);
    await page.goto(`${begun.redirectUri}?${new URLSearchParams({ state: begun.state, otp: '123456' })}`);
    await form(page);
    assert.deepEqual(ofTransaction(await settings(page)), ofTransaction(begun));
    assert.equal((await settings(page)).otp, '123456');
    await fillIn(page, 'alice', 'secret');
    await page.waitForURL(`${app.url}/profile`);
    await sees(page, 'heading', 'Your profile');
  });

  test('a refusal by the provider is shown above the widget', async (visitor) => {
    const { page } = visitor;
    await page.goto('/dev/provider');
    await page.getByRole('button', { name: /^Access denied/ }).click();
    await page.getByRole('button', { name: 'Behave again' }).waitFor();
    await page.goto('/login');
    await form(page);
    await visitor.expecting(403, () => fillIn(page, 'alice', 'secret'));
    await page.getByRole('alert').getByText('denied', { exact: true }).waitFor();
    await form(page);
    await page.goto('/dev/provider');
    await page.getByRole('button', { name: 'Behave again' }).click();
    await page.getByRole('button', { name: 'Behave again' }).waitFor({ state: 'detached' });
  });

  test('where the widget cannot be loaded, the provider’s own page is offered', async (visitor) => {
    const { page } = visitor;
    visitor.expects(/ERR_FAILED|integrity|OktaSignIn/);
    await page.route('**/okta-sign-in.min.js', (route) => route.abort());
    await page.goto('/login?return_to=/profile');
    await visitor.photograph('widget-missing');
    await page.getByRole('button', { name: 'Continue there' }).click();
    await atProvider(app, page);
    await choose(page, 'alice');
    await page.waitForURL(`${app.url}/profile`);
  });

  test('a widget whose files were changed does not run', async (visitor) => {
    const { page } = visitor;
    visitor.expects(/integrity|OktaSignIn/);
    await page.route('**/okta-sign-in.min.js', async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: `document.title = "run";${await response.text()}` });
    });
    await page.goto('/login');
    await page.getByRole('button', { name: 'Continue there' }).waitFor();
    assert.notEqual(await page.title(), 'run');
  });
}

{
  // The widget's own files, beside some that are not its own.
  const folder = await mkdtemp(join(tmpdir(), 'widget-files-'));
  after(() => rm(folder, { recursive: true }));
  for (const part of ['css', 'font', 'img', 'labels']) await symlink(join(WIDGET_FILES, part), join(folder, part));
  await mkdir(join(folder, 'js'));
  const script = 'js/okta-sign-in.min.js';
  await copyFile(join(WIDGET_FILES, script), join(folder, script));
  for (const name of ['outside.json', 'js/more.json', 'js/more.txt']) await writeFile(join(folder, name), '{}');
  for (const ending of Object.keys(TYPES)) {
    await writeFile(join(folder, `js/of-each-kind.${ending}`), '');
  }
  await symlink('../outside.json', join(folder, 'js/link.json'));
  const app = await startApp('widget-files', { OIDC_LOGIN_PAGE: 'widget', OIDC_WIDGET_ASSETS: folder });
  const test = testsAt(app, browser);

  test('each file is served as what it is', async (visitor) => {
    const version = await versionOf(app, visitor);
    for (const [ending, type] of Object.entries(TYPES)) {
      const path = `${version}/js/of-each-kind.${ending}`;
      assert.equal((await fetched(app, path)).headers['content-type'], type, path);
    }
  });

  test('only files of the widget’s folders are served, under its version', async (visitor) => {
    const version = await versionOf(app, visitor);
    for (const path of [`${version}/${script}`, `${version}/js/more.json`]) {
      assert.equal(await status(app, path), 200, path);
    }
    for (const path of [
      `7.0.0/${script}`,
      `${version}/`,
      `${version}/js`,
      `${version}/js/more.txt`,
      `${version}/js/link.json`,
      `${version}/outside.json`,
      `${version}/js/../outside.json`,
      `${version}/js/..%2foutside.json`,
      `${version}/js/%2e%2e/outside.json`,
      `${version}/js//more.json`,
      `${version}/${encodeURIComponent(join(folder, 'outside.json'))}`,
    ]) {
      assert.equal(await status(app, path), 404, path);
    }
  });
}

/** The version in the addresses of the widget's files. */
async function versionOf(app, { page }) {
  await page.goto('/login');
  const address = new URL(await page.locator('script[integrity]').getAttribute('src'), app.url);
  return address.pathname.split('/').at(-3);
}

/** The answer to a path among the widget's files, sent as it is written here. */
async function fetched(app, path) {
  const request = get(app.url, { path: `/static/okta-signin-widget/${path}` });
  const [answer] = await once(request, 'response');
  answer.resume();
  return answer;
}

/** Its status. */
async function status(app, path) {
  return (await fetched(app, path)).statusCode;
}

/** Origins beside the app and its provider that the page asks for anything. */
function foreignOrigins(page, app) {
  const foreign = new Set();
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && ![app.url, app.providerUrl].includes(origin)) foreign.add(origin);
  });
  return foreign;
}

/** What the server has told the widget. */
async function settings(page) {
  return JSON.parse(await page.locator('#widget').getAttribute('data-settings'));
}

/** The part of it that belongs to one transaction. */
function ofTransaction({ state, nonce, codeChallenge }) {
  return { state, nonce, codeChallenge };
}

async function form(page) {
  await password(page).waitFor();
}

/** Presses Tab until the field has the focus. */
async function tabTo(page, field) {
  for (let presses = 0; presses < 20; presses += 1) {
    await page.keyboard.press('Tab');
    if (await field.evaluate((element) => element === document.activeElement)) return;
  }
  assert.fail('Tab never reaches the field');
}
