// The wire between the app and its provider: it stands where the provider says
// that it is, passes everything on, and notes every call of the app, so the tests
// can see what was really said.

import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import { buffer } from 'node:stream/consumers';

import { freePort } from '../ports.mjs';

/** How the app names itself to its provider. */
const APP = /^vestibule\//;

/** The address of a provider, where all requests to it arrive. */
export class Wire {
  #server;
  #calls = [];

  static async open() {
    const wire = new Wire();
    /** Where the provider itself has to listen. */
    wire.port = await freePort();
    wire.#server = createServer((request, response) => {
      wire.#carry(request, response).catch(() => response.destroy());
    });
    const port = await freePort();
    wire.#server.listen(port, '127.0.0.1');
    await once(wire.#server, 'listening');
    wire.url = `http://127.0.0.1:${port}`;
    return wire;
  }

  /** The app's calls to `endpoint` so far, oldest first; a query in them is not looked at. */
  to(endpoint) {
    return this.#calls.filter(({ url }) => url.split('?')[0] === endpoint);
  }

  /** All of the app's calls so far. */
  get calls() {
    return this.#calls;
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #carry(request, response) {
    const body = await buffer(request);
    const { method, url, headers } = request;
    // Each on a connection of its own: providers are stopped and started again.
    const onward = send(`http://127.0.0.1:${this.port}`, {
      path: url,
      method,
      headers: { ...headers, connection: 'close' },
      agent: false,
    });
    onward.end(body);
    const [answer] = await once(onward, 'response');
    const answered = await buffer(answer);
    if (APP.test(headers['user-agent'] ?? '')) {
      this.#calls.push({
        method,
        url: this.url + url,
        headers,
        form: new URLSearchParams(body.toString()),
        status: answer.statusCode,
        contentType: answer.headers['content-type'] ?? '',
        answer: answered.toString(),
      });
    }
    response.writeHead(answer.statusCode, answer.rawHeaders);
    response.end(answered);
  }
}
