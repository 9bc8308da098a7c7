// As much of a browser as a sign-in takes: it follows redirects and keeps cookies. Not `fetch`, which
// tells the server that a script asks.

import { get } from 'node:http';

const ask = (url, headers) =>
  new Promise((answered, failed) => {
    get(url, { headers }, (answer) => answer.resume().on('end', () => answered(answer))).on('error', failed);
  });

/** A browser with no cookies yet. */
export class Browser {
  #jars = new Map();

  /** The cookies for an origin, but for some, as a request header. */
  cookies(url, but = /^$/) {
    const jar = [...(this.#jars.get(new URL(url).origin) ?? [])];
    const sent = jar.filter(([name]) => !but.test(name));
    return sent.map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Goes to a page as a person does, and gives the status at the end of all redirects. */
  async open(url) {
    for (let hop = 0; hop < 12; hop += 1) {
      const headers = { cookie: this.cookies(url), accept: 'text/html' };
      const { statusCode, headers: { location, 'set-cookie': lines = [] } } = await ask(url, headers);
      this.#keep(url, lines);
      if (!location) return statusCode;
      url = new URL(location, url).href;
    }
    throw new Error(`too many redirects at ${url}`);
  }

  #keep(url, lines) {
    const { origin } = new URL(url);
    const jar = this.#jars.get(origin) ?? new Map();
    this.#jars.set(origin, jar);
    for (const line of lines) {
      const [pair, ...attributes] = line.split('; ');
      const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      const gone = attributes.some((text) => /^(max-age=0|expires=thu, 01 jan 1970)/i.test(text));
      if (gone || value === '') jar.delete(name);
      else jar.set(name, value);
    }
  }
}
