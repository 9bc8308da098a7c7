// The app under test as a process: started in an empty folder on free ports,
// watched until it says that it is ready, and ended. Nothing here knows its pages.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { freePorts } from '../ports.mjs';

const READY_WITHIN = 60_000;
const ENDED_WITHIN = 60_000;

/** A debug build of a generated app that is running. */
export class App {
  #child;
  #start;
  #folder;
  #ended;
  #output = '';

  constructor(start, folder, port) {
    this.#start = start;
    this.#folder = folder;
    this.url = `http://localhost:${port}`;
    this.providerUrl = `http://localhost:${port + 1}`;
    process.once('exit', () => this.#child?.kill('SIGKILL'));
  }

  /**
   * Starts `binary` with these settings, and waits until it has said where it runs and who can
   * sign in.
   */
  static async start(binary, settings = {}) {
    const path = resolve(binary);
    await access(path, constants.X_OK).catch(() => {
      throw new Error(`${path} is not an executable file: build the app first (cargo build)`);
    });
    const folder = await mkdtemp(join(tmpdir(), 'app-in-browser-'));
    // The development provider listens on the next one.
    const port = await freePorts(2);
    // Nothing else is passed on: settings of whoever runs the tests are not the app's.
    const env = { PATH: process.env.PATH, APP_BASE_URL: `http://localhost:${port}`, ...settings };
    const start = () => spawn(path, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const app = new App(start, folder, port);
    try {
      await app.#run();
    } catch (error) {
      await app.tidy();
      throw error;
    }
    return app;
  }

  /** Ends the app and starts it again, as somebody does who has built it anew. */
  async restart() {
    await this.terminate();
    await this.#run();
  }

  /** Everything that the app has written to stdout and stderr. */
  get output() {
    return this.#output;
  }

  /** Asks the app to end, as a process manager does; resolves to `{ code, signal }`. */
  async terminate() {
    this.#child.kill('SIGTERM');
    return this.#within(ENDED_WITHIN, this.#ended, 'did not end after SIGTERM');
  }

  /** Removes the app's folder, ending the app if it still runs. */
  async tidy() {
    this.#child?.kill('SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #run() {
    const child = this.#start();
    this.#child = child;
    this.#ended = new Promise((ended) => {
      child.once('exit', (code, signal) => ended({ code, signal }));
    });
    const before = this.#output.length;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.#output += text));
    }
    await once(child, 'spawn');
    await this.#ready(before);
  }

  /** Waits until the app announces itself in what it writes from `before` on. */
  async #ready(before) {
    const announced = new Promise((resolve) => {
      this.#child.stdout.on('data', () => this.#hasAnnouncedItself(before) && resolve());
    });
    const died = this.#ended.then(({ code, signal }) => {
      throw new Error(`the app ended at once (${signal ?? `exit code ${code}`}):\n${this.#output}`);
    });
    await this.#within(READY_WITHIN, Promise.race([announced, died]), 'did not announce itself');
  }

  #hasAnnouncedItself(before) {
    const lines = this.#output.slice(before).split('\n');
    return (
      lines.some((line) => line.replace(/\/$/, '').endsWith(` runs at ${this.url}`)) &&
      lines.some(
        (line) =>
          line.startsWith('sign in as alice, bob, ') &&
          line.endsWith(` without a password, at the development provider ${this.providerUrl}`),
      )
    );
  }

  async #within(milliseconds, promise, complaint) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`the app ${complaint} within ${milliseconds / 1000} s:\n${this.#output}`)),
        milliseconds,
      );
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }
}
