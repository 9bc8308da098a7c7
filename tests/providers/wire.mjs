// The HTTP proxy through which the app reaches its provider. It changes
// nothing and notes every call, so the tests can see what was really said.

import { once } from 'node:events';
import { createServer, request as send } from 'node:http';
import { buffer } from 'node:stream/consumers';

/** A proxy that listens. */
export class Wire {
  #server;
  #calls = [];

  static async open() {
    const wire = new Wire();
    wire.#server = createServer((request, response) => {
      wire.#carry(request, response).catch(() => response.destroy());
    });
    wire.#server.listen(0, '127.0.0.1');
    await once(wire.#server, 'listening');
    wire.url = `http://127.0.0.1:${wire.#server.address().port}`;
    return wire;
  }

  /** The calls to `endpoint` so far, oldest first; a query in them is not looked at. */
  to(endpoint) {
    return this.#calls.filter(({ url }) => url.split('?')[0] === endpoint);
  }

  close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #carry(request, response) {
    const body = await buffer(request);
    const { method, url, headers } = request;
    const onward = send(url, { method, headers });
    onward.end(body);
    const [answer] = await once(onward, 'response');
    const answered = await buffer(answer);
    this.#calls.push({
      method,
      url,
      headers,
      form: new URLSearchParams(body.toString()),
      status: answer.statusCode,
      contentType: answer.headers['content-type'] ?? '',
      answer: answered.toString(),
    });
    response.writeHead(answer.statusCode, answer.rawHeaders);
    response.end(answered);
  }
}
