// Somebody with a browser, who signs in by clicking through the provider's forms.

import { PATIENCE } from '../browser/browser.mjs';

/** Somebody with a browser profile of their own and one tab. */
export class Visitor {
  #context;
  #setting;

  static async arrive(browser, setting) {
    const visitor = new Visitor();
    visitor.#setting = setting;
    visitor.#context = await browser.newContext({ baseURL: setting.url });
    visitor.#context.setDefaultTimeout(PATIENCE);
    // Providers' pages like to load fonts; nothing leaves this machine.
    const isElsewhere = ({ hostname }) => !['localhost', '127.0.0.1'].includes(hostname);
    await visitor.#context.route(isElsewhere, (route) => route.abort());
    visitor.page = await visitor.#context.newPage();
    return visitor;
  }

  /** Asks for a protected page, signs in at the provider, and is on that page. */
  async signIn() {
    const { url, provider } = this.#setting;
    await this.page.goto('/profile');
    await provider.signIn(this.page);
    await this.page.waitForURL(`${url}/profile`);
    await this.page.getByRole('heading', { name: 'Your profile' }).waitFor();
  }

  async press(name) {
    await this.page.getByRole('button', { name, exact: true }).click();
  }

  /** Gets a path of the app as JSON, with the browser's cookies. */
  async get(path) {
    const answer = await this.#context.request.get(path);
    return { status: answer.status(), body: await answer.json() };
  }

  cookies() {
    return this.#context.cookies(this.#setting.url);
  }

  /** The address and the text of the page that they see. */
  async view() {
    const text = await this.page.locator('body').innerText({ timeout: 5_000 }).catch((error) => error.message);
    return `at ${this.page.url()}:\n${text}`;
  }

  leave() {
    return this.#context.close();
  }
}
