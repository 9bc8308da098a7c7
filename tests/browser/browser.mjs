// Chromium for the tests: how it is started, a visitor with a fresh profile who
// notes every console error and policy violation, and screenshots.

import assert from 'node:assert/strict';
import { access, constants, mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Where screenshots and the app's log go. */
export const ARTEFACTS = fileURLToPath(new URL('../artefacts/', import.meta.url));

/** How long anything may take on a busy machine, in milliseconds. */
export const PATIENCE = 45_000;

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

/** Starts Chromium: the one that `CHROMIUM` names, or the system's. */
export async function launch() {
  const { chromium } = await import('playwright-core').catch((error) => {
    throw new Error(
      `playwright-core is not installed: run \`npm ci\` in tests/browser first (${error.code})`,
    );
  });
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  await access(executablePath, constants.X_OK).catch(() => {
    throw new Error(
      `there is no Chromium at ${executablePath}: install it, or set CHROMIUM to its path`,
    );
  });
  await mkdir(ARTEFACTS, { recursive: true });
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
    // People's browsers have this cache, and it is what could show a page after sign-out.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
}

/** Somebody with a browser profile of their own and one tab. */
export class Visitor {
  #context;
  #complaints = [];
  #expected = new Set();
  #patterns = [];

  static async arrive(browser, baseURL, options = {}) {
    const visitor = new Visitor();
    const context = await browser.newContext({ baseURL, viewport: DESKTOP, ...options });
    context.setDefaultTimeout(PATIENCE);
    await context.exposeBinding('noteViolation', (_, text) => visitor.#note(text));
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => {
        const { effectiveDirective, blockedURI, documentURI } = event;
        window.noteViolation(`policy violation: ${effectiveDirective} ${blockedURI} on ${documentURI}`);
      });
    });
    visitor.#context = context;
    visitor.page = await context.newPage();
    visitor.#watch();
    return visitor;
  }

  /** What went wrong in the pages so far, but for answers that were expected. */
  get complaints() {
    return this.#complaints
      .filter(({ url }) => !this.#expected.has(url))
      .map(({ text }) => text)
      .filter((text) => !this.#patterns.some((pattern) => pattern.test(text)));
  }

  /**
   * Does what leads to a page that answers with `status`, an error, which
   * Chromium logs as such.
   */
  async expecting(status, act) {
    const answered = this.page.waitForResponse(
      (response) => response.request().isNavigationRequest() && response.status() === status,
    );
    const [response] = await Promise.all([answered, act()]);
    this.#expected.add(response.url());
    await this.page.waitForLoadState();
  }

  /** From now on, complaints that match are what the test wants to see. */
  expects(pattern) {
    this.#patterns.push(pattern);
  }

  /** Every cookie that the browser holds. */
  cookies() {
    return this.#context.cookies();
  }

  /**
   * Saves the page as a desktop and a phone show it, in light and in dark, and
   * asserts that nothing makes it scroll sideways.
   */
  async photograph(name) {
    const { page } = this;
    for (const [device, viewport] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
      await page.setViewportSize(viewport);
      const overflow = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return scrollWidth - clientWidth;
      });
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        const path = `${ARTEFACTS}${name}-${device}-${colorScheme}.png`;
        await page.screenshot({ path, fullPage: true, caret: 'initial' });
      }
      assert.ok(overflow <= 0, `${name} is ${overflow} px wider than a ${device}`);
    }
    await page.setViewportSize(DESKTOP);
    await page.emulateMedia({ colorScheme: 'light' });
  }

  /** Presses Tab until the link or button whose text contains `text` has the focus, visibly. */
  async tabTo(text) {
    const passed = [];
    for (let presses = 0; presses < 20; presses += 1) {
      await this.page.keyboard.press('Tab');
      const focus = await this.page.evaluate(() => {
        const element = document.activeElement;
        const { outlineStyle, boxShadow } = getComputedStyle(element);
        return {
          text: element === document.body ? '' : element.textContent.trim(),
          isVisible: outlineStyle !== 'none' || boxShadow !== 'none',
        };
      });
      if (focus.text.includes(text)) {
        assert.ok(focus.isVisible, `the focus on "${text}" cannot be seen`);
        return;
      }
      passed.push(focus.text);
    }
    assert.fail(`Tab never reaches "${text}", only: ${passed.join(' | ')}`);
  }

  /** Closes the tab. Fails if its pages ever had something to complain of. */
  async leave() {
    const complaints = this.complaints;
    await this.#context.close();
    assert.deepEqual(complaints, [], 'the console stays free of errors and policy violations');
  }

  #note(text, url) {
    this.#complaints.push({ text, url });
  }

  #watch() {
    const { page } = this;
    page.on('console', (message) => {
      if (message.type() === 'error' || message.text().includes('Content Security Policy')) {
        const { url } = message.location();
        // For pages without an icon Chromium looks there by itself.
        if (new URL(url || 'about:blank').pathname === '/favicon.ico') return;
        this.#note(`console: ${message.text()} (${url})`, url);
      }
    });
    page.on('pageerror', (error) => this.#note(`uncaught: ${error.message}`));
    page.on('dialog', (dialog) => {
      this.#note(`dialog: ${dialog.message()}`);
      return dialog.dismiss();
    });
  }
}
