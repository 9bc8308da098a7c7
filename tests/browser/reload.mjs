// A debug build's pages follow what their developer changes.
//
//     node tests/browser/reload.mjs path/to/target/debug/my-app

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openBrowser, startApp, testsAt } from './harness.mjs';

const browser = await openBrowser();
const app = await startApp('reload');
const test = testsAt(app, browser);
await mkdir(join(app.folder, 'static'));

const write = (name, text) => writeFile(join(app.folder, 'static', name), text);
const style = (width) => write('app.css', `main { outline: ${width}px solid red }`);
const hasOutline = (width) =>
  [...document.querySelectorAll('iframe')]
    .map((frame) => frame.contentDocument)
    .concat(document)
    .some((page) => {
      const main = page?.querySelector('main.page');
      return main && getComputedStyle(main).outlineWidth === `${width}px`;
    });

/** Opens a page, and waits until it listens. */
const open = async (page, path) => {
  const listens = page.waitForResponse((response) => response.url().endsWith('/dev/reload'));
  await page.goto(path);
  await listens;
  await page.evaluate(() => (window.isTheSame = true));
};
const isTheSame = (page) => page.evaluate(() => window.isTheSame === true);
const isShownAnew = (page) => page.waitForFunction(() => !window.isTheSame && document.readyState === 'complete');

test('a style sheet shows at once, and the page stays', async ({ page }) => {
  await style(3);
  await open(page, '/');
  await page.waitForFunction(hasOutline, 3);
  await style(4);
  await page.waitForFunction(hasOutline, 4);
  assert.ok(await isTheSame(page));
});

test('another file shows at once', async ({ page }) => {
  await write('icon.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>');
  await open(page, '/');
  await write('icon.svg', '<svg xmlns="http://www.w3.org/2000/svg"><title>new</title></svg>');
  await isShownAnew(page);
});

test('an app that has been started again shows at once', async (visitor) => {
  const { page } = visitor;
  await open(page, '/');
  // While nobody listens.
  visitor.expects(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE/);
  await app.restart();
  await isShownAnew(page);
});

test('a tab that was left follows when somebody comes back', async (visitor) => {
  const { page } = visitor;
  await style(5);
  await open(page, '/');
  const hide = (hidden) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  await hide(true);
  await style(6);
  await hide(false);
  await page.waitForFunction(hasOutline, 6);
});

test('what changes before the page listens shows as well', async ({ page }) => {
  await style(9);
  let connects;
  const connection = new Promise((resolve) => (connects = resolve));
  await page.route('**/dev/reload', connects);
  await page.goto('/');
  const route = await connection;
  await page.waitForFunction(hasOutline, 9);
  await style(10);
  await route.continue();
  await page.waitForFunction(hasOutline, 10);
});

test('the gallery follows with one connection for all of its frames', async ({ page }) => {
  await style(7);
  let connections = 0;
  page.on('request', (request) => (connections += request.url().endsWith('/dev/reload')));
  await open(page, '/dev/views?view=home.html');
  await page.waitForFunction(hasOutline, 7);
  await style(8);
  await page.waitForFunction(hasOutline, 8);
  assert.equal(connections, 1);
});
