// Takes the screenshots of the documentation again, from the gallery of views and
// from the real widget.
//
//     node tests/browser/screenshots.mjs path/to/target/debug/my-app

import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import { App } from './app.mjs';
import { DESKTOP, PHONE, launch } from './browser.mjs';
import { BINARY, WIDGET_FILES } from './harness.mjs';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const STATES = ['profile', 'devices', 'login-trouble', 'login-widget', 'error-missing_role'];
const LOOKS = [
  { suffix: 'desktop', viewport: DESKTOP, colorScheme: 'light' },
  { suffix: 'phone', viewport: PHONE, colorScheme: 'dark' },
];

const app = await App.start(BINARY, { OIDC_LOGIN_PAGE: 'widget', OIDC_WIDGET_ASSETS: WIDGET_FILES });
const browser = await launch();
await mkdir(`${DOCS}views`, { recursive: true });
for (const { suffix, viewport, colorScheme } of LOOKS) {
  const page = await browser.newPage({ baseURL: app.url, viewport, colorScheme });
  for (const state of STATES) {
    await page.goto(`/dev/views/${state}`);
    if (state === 'login-widget') {
      await page.locator('input[type="password"]').waitFor();
      await page.waitForTimeout(1_000);
    }
    await page.screenshot({ path: `${DOCS}views/${state}-${suffix}.png` });
  }
  await page.close();
}
const page = await browser.newPage({ baseURL: app.url, viewport: { width: 1280, height: 900 }, colorScheme: null });
await page.goto('/dev/views?view=profile.html', { waitUntil: 'networkidle' });
await page.screenshot({ path: `${DOCS}views/gallery.png` });
await browser.close();
await app.tidy();
