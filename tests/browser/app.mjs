// The app under test as a process: started in an empty folder on free ports,
// watched until it is ready, and ended. Nothing here knows its pages.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePorts } from '../ports.mjs';

const READY_WITHIN = 60_000;
const ENDED_WITHIN = 60_000;

/** A debug build of an app that is running. */
export class App {
  #child;
  #start;
  #announces;
  #folder;
  #ended;
  #output = '';

  constructor(start, announces, folder, port) {
    this.#start = start;
    this.#announces = announces;
    this.#folder = folder;
    this.url = `http://localhost:${port}`;
    this.providerUrl = `http://localhost:${port + 1}`;
    process.once('exit', () => this.#child?.kill('SIGKILL'));
  }

  /**
   * Starts `binary` with these settings, and waits until it is ready: until it has said where it
   * runs and who can sign in, or, if it `announces` nothing, until it answers. An app that cannot be
   * told its `port` always has that one. It knows the `people` of that file, if there is one.
   */
  static async start(binary, settings = {}, { announces = true, port: fixed, people } = {}) {
    const path = resolve(binary);
    await access(path, constants.X_OK).catch(() => {
      throw new Error(`${path} is not an executable file: build the app first (cargo build)`);
    });
    const folder = await mkdtemp(join(tmpdir(), 'app-in-browser-'));
    if (people) await cp(people, join(folder, 'dev', 'people.json'));
    // The development provider listens on the next one.
    const port = fixed ?? (await freePorts(2));
    // Nothing else is passed on: the tester's own settings are not the app's.
    const env = { PATH: process.env.PATH, APP_BASE_URL: `http://localhost:${port}`, ...settings };
    const start = () => spawn(path, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const app = new App(start, announces, folder, port);
    try {
      await app.#run();
    } catch (error) {
      await app.tidy();
      throw error;
    }
    return app;
  }

  /** Ends the app and starts it again, as after a new build. */
  async restart() {
    await this.terminate();
    await this.#run();
  }

  /** The folder that the app runs in. */
  get folder() {
    return this.#folder;
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

  /** Waits until the app answers, or announces itself in what it writes from `before` on. */
  async #ready(before) {
    let over = false;
    const died = this.#ended.then(({ code, signal }) => {
      over = true;
      throw new Error(`the app ended at once (${signal ?? `exit code ${code}`}):\n${this.#output}`);
    });
    const ready = this.#announces
      ? new Promise((resolve) => {
          this.#child.stdout.on('data', () => this.#hasAnnouncedItself(before) && resolve());
        })
      : this.#answers(() => over);
    await this.#within(READY_WITHIN, Promise.race([ready, died]), 'was not ready');
  }

  async #answers(isOver) {
    while (!isOver() && !(await fetch(this.url).catch(() => undefined))) await sleep(50);
  }

  #hasAnnouncedItself(before) {
    const lines = this.#output.slice(before).split('\n');
    return (
      lines.some((line) => line.replace(/\/$/, '').endsWith(` runs at ${this.url}`)) &&
      lines.some(
        (line) =>
          line.startsWith('sign in as alice, bob, ') &&
          line.endsWith(` without a password at the development provider ${this.providerUrl}`),
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
