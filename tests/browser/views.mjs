// Every view in every state, from the gallery of a debug build: accessible to
// axe-core, on a phone and a desktop, in light and in dark; and what people do
// without a mouse, or without JavaScript.
//
//     node tests/browser/views.mjs path/to/target/debug/app

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { test as declare } from 'node:test';

import { ARTEFACTS, DESKTOP, PATIENCE, PHONE } from './browser.mjs';
import { WIDGET_FILES, atProvider, choose, openBrowser, sees, signIn, startApp, testsAt } from './harness.mjs';
import { fillIn } from './widget-form.mjs';

const browser = await openBrowser();
const app = await startApp('views', { OIDC_LOGIN_PAGE: 'widget', OIDC_WIDGET_ASSETS: WIDGET_FILES });
const test = testsAt(app, browser);
const { default: axe } = await import('axe-core');

const names = await statesInTheGallery();
const report = [];

for (const name of names) {
  test(`${name} is accessible and fits`, async (visitor) => {
    const { page } = visitor;
    await page.goto(`/dev/views/${name}`);
    if (name === 'login-widget') await page.locator('input[type="password"]').waitFor();
    for (const [viewport, colorScheme] of [[DESKTOP, 'dark'], [PHONE, 'light']]) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await isAccessible(page, `${name}, ${viewport.width} px, ${colorScheme}`);
    }
    // Error pages differ only in their words.
    if (!name.startsWith('error-') || name === 'error-denied') await visitor.photograph(`view-${name}`);
  });
}

for (const path of ['/dev/views?view=devices.html', '/dev/provider', '/dev/routes', '/', '/login']) {
  test(`${path} is accessible`, async (visitor) => {
    await visitor.page.goto(path);
    if (path === '/login') await visitor.page.locator('input[type="password"]').waitFor();
    await isAccessible(visitor.page, path);
  });
}

test('a value that is folded away is unfolded with the keyboard', async (visitor) => {
  const { page } = visitor;
  await page.goto('/dev/views/profile-awkward');
  await visitor.tabTo('What the sign-in service says of you');
  await page.keyboard.press('Enter');
  await visitor.tabTo('300 entries');
  assert.equal(await page.getByText('group-299').isVisible(), false);
  await page.keyboard.press('Enter');
  await page.getByText('group-299').waitFor();
});

test('a person is signed out in the app by the switches of the provider', async (visitor) => {
  const { page } = visitor;
  await atTheProvider(page);
  await page.goto('/dev/provider');
  await page.getByRole('button', { name: 'Sign out by back-channel logout' }).first().click();
  await page.getByText('No one.').waitFor();
  await page.goto('/');
  await sees(page, 'heading', /^Welcome to /);
});

test('every route is asked, and it is seen whom each lets in', async (visitor) => {
  const { page } = visitor;
  await page.goto('/');
  await page.getByRole('link', { name: 'who may reach what' }).click();
  const row = (path) => page.getByRole('row', { name: new RegExp(`^GET ${path} `) });
  await row('/profile').getByText('not known').waitFor();
  await page.getByRole('button', { name: 'Ask every route as a stranger' }).click();
  await row('/profile').getByText('signed in').waitFor();
  await row('/healthz').getByText('everybody').waitFor();
  assert.equal(await page.getByText('undeclared').count(), 0);
  await isAccessible(page, '/dev/routes, asked');
  await visitor.photograph('routes');
});

test('a misbehaviour that is switched on shows its error page, and is switched off again', async (visitor) => {
  const { page } = visitor;
  await page.goto('/dev/provider');
  await page.getByRole('button', { name: /^Expired token/ }).click();
  await page.getByRole('button', { name: 'Behave again' }).waitFor();
  await page.goto('/login');
  await visitor.expecting(400, () => fillIn(page, 'alice', 'secret'));
  await page.getByRole('alert').getByText('id_token').first().waitFor();
  await page.goto('/dev/provider');
  await page.getByRole('button', { name: 'Behave again' }).click();
  await page.getByRole('button', { name: 'Behave again' }).waitFor({ state: 'detached' });
  await atTheProvider(page);
});

declare('everything but the widget works without JavaScript', { timeout: 3 * PATIENCE }, async () => {
  const context = await browser.newContext({ baseURL: app.url, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto('/profile');
  await page.getByRole('button', { name: 'Continue there' }).click();
  await atProvider(app, page);
  await choose(page, 'alice');
  await page.waitForURL(`${app.url}/profile`);
  await page.getByRole('link', { name: 'Where you are signed in' }).click();
  await sees(page, 'heading', 'Where you are signed in');
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await sees(page, 'heading', 'You are signed out');
  await context.close();
});

declare('paper shows the content and nothing to press', { timeout: 3 * PATIENCE }, async () => {
  const page = await browser.newPage({ baseURL: app.url });
  await page.goto('/dev/views/profile');
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.getByRole('button', { name: 'Sign out' }).isVisible(), false);
  assert.equal(await page.getByText('alice@example.com').first().isVisible(), true);
  await page.close();
});

declare('paper shows what a page folds away', { timeout: 90_000 }, async () => {
  const page = await browser.newPage({ baseURL: app.url });
  await page.goto('/dev/views/profile-awkward');
  const folded = page.getByText('group-299');
  assert.equal(await folded.isVisible(), false);
  await page.emulateMedia({ media: 'print' });
  assert.equal(await folded.isVisible(), true);
  await page.close();
});

declare('the report of axe-core is written', async () => {
  await writeFile(`${ARTEFACTS}axe.json`, JSON.stringify(report, null, 2));
  assert.ok(report.length >= names.length * 2);
  assert.ok(report.every(({ passes }) => passes > 0));
});

async function statesInTheGallery() {
  const page = await browser.newPage({ baseURL: app.url });
  await page.goto('/dev/views');
  const names = await page.locator('.states h2').allInnerTexts();
  await page.close();
  assert.ok(names.length > 40, `only ${names.length} states`);
  return names;
}

/** Signs alice in at the provider's own page, to which the login page leads if the widget fails. */
async function atTheProvider(page) {
  await page.route('**/okta-sign-in.min.js', (route) => route.fulfill({ body: '' }), { times: 1 });
  await signIn(app, page, 'alice', '/login?max_age=100000');
}

/** No violation of any of axe-core's rules, its best practices among them. */
async function isAccessible(page, what) {
  await page.evaluate(axe.source);
  const { violations, passes, incomplete } = await page.evaluate(() => window.axe.run(document));
  report.push({ what, passes: passes.length, violations, incomplete: incomplete.map(({ id }) => id) });
  const found = violations.flatMap(({ id, nodes }) => nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ''}`));
  assert.deepEqual(found, [], what);
}
