// What the browser tests share: the app and the browser that they run against,
// and the things that people do at the development provider.

import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { after, test as declare } from 'node:test';

import { App } from './app.mjs';
import { ARTEFACTS, PATIENCE, Visitor, launch } from './browser.mjs';

/** The widget's files as npm installs them. */
export const WIDGET_FILES = fileURLToPath(
  new URL('node_modules/@okta/okta-signin-widget/dist', import.meta.url),
);

/** The path of the app, which the test was started with. */
export const BINARY = process.argv[2];

/** Starts Chromium for the tests of one file; ends it after them. */
export async function openBrowser() {
  return orExit(async () => {
    if (process.argv.length !== 3) throw new Error('give one argument: the path of the app, a debug build');
    const browser = await launch();
    after(() => browser.close());
    return browser;
  });
}

/** Starts the app for the tests of one file; ends it after them and keeps its log as `name`. */
export async function startApp(name, env = {}, options = {}) {
  return orExit(async () => {
    const app = await App.start(BINARY, env, options);
    after(async () => {
      await writeFile(`${ARTEFACTS}${name}.log`, app.output);
      await app.tidy();
    });
    return app;
  });
}

/**
 * Declares tests with a visitor of their own, whose pages must have nothing to complain of.
 * The options are those of Playwright for their browser.
 */
export function testsAt(app, browser, options) {
  return (name, body) =>
    declare(name, { timeout: 3 * PATIENCE }, async () => {
      const visitor = await Visitor.arrive(browser, app.url, options);
      try {
        await body(visitor);
      } catch (error) {
        const { complaints } = visitor;
        await visitor.page.screenshot({ path: `${ARTEFACTS}failed-${name.replaceAll(' ', '-')}.png` });
        await visitor.leave().catch(() => {});
        if (complaints.length > 0) error.message += `\nin the console: ${complaints.join('\n')}`;
        throw error;
      }
      await visitor.leave();
    });
}

/** Signs somebody in at the development provider's page. */
export async function signIn(app, page, person, path = '/login') {
  await page.goto(path);
  await atProvider(app, page);
  await choose(page, person);
  await page.waitForURL(`${app.url}/**`);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}

/** The provider returns people to this page with a `state` (OIDC RP-Initiated Logout 1.0, 3). */
export function isLoggedOut(app) {
  return (url) => url.origin === app.url && url.pathname === '/logged-out';
}

/** Waits for the list of people. */
export async function atProvider(app, page) {
  await page.waitForURL(`${app.providerUrl}/**`);
  await sees(page, 'heading', 'Who are you today?');
}

/** Presses somebody's button on the provider's list. */
export async function choose(page, person) {
  await page.locator(`button[name="person"][value="${person}"]`).click();
}

/** Waits for an element of this role and name. */
export async function sees(page, role, name) {
  await page.getByRole(role, { name }).first().waitFor();
}

async function orExit(start) {
  return start().catch((error) => {
    console.error(`error: ${error.message}`);
    process.exit(1);
  });
}
