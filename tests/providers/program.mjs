// Programs that the tests start: the app, and providers that are servers of
// their own. Each runs in an empty folder with nothing of the tester's own
// environment, and is ended with the tests.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const READY_WITHIN = 60_000;
const running = new Set();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** A program that is running. */
export class Program {
  #child;
  #ended;
  #output = '';

  /**
   * Runs `command` in `folder`, by default a new empty one that is removed
   * with the program, and waits until `readyAt` answers with a success.
   */
  static async start(command, { args = [], env = {}, readyAt, folder }) {
    const program = new Program();
    program.folder = folder ?? (await newFolder());
    const { HOME, PATH } = process.env;
    program.#child = spawn(command, args, {
      cwd: program.folder,
      env: { HOME, PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [program.#child.stdout, program.#child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (program.#output += text));
    }
    program.#ended = new Promise((ended) => {
      program.#child.once('error', (error) => ended(`cannot be started: ${error.message}`));
      program.#child.once('exit', (code, signal) => ended(`ended (${signal ?? `exit code ${code}`})`));
    });
    running.add(program.#child);
    program.#ended.then(() => running.delete(program.#child));
    try {
      await program.#answers(readyAt, command);
    } catch (error) {
      await program.stop();
      throw error;
    }
    return program;
  }

  /** Everything that it has written to stdout and stderr. */
  get output() {
    return this.#output;
  }

  /** Ends it, and removes its folder unless that is to be used again. */
  async stop({ keepFolder = false } = {}) {
    this.#child.kill('SIGTERM');
    const late = sleep(15_000, undefined, { ref: false }).then(() => this.#child.kill('SIGKILL'));
    await Promise.race([this.#ended, late]);
    await this.#ended;
    if (!keepFolder) await rm(this.folder, { recursive: true, force: true });
  }

  async #answers(url, command) {
    let over;
    this.#ended.then((how) => (over = how));
    for (const deadline = Date.now() + READY_WITHIN; Date.now() < deadline; await sleep(50)) {
      const answer = await fetch(url).catch(() => undefined);
      if (answer?.ok) return;
      if (over) throw new Error(`${command} ${over}:\n${this.#output}`);
    }
    throw new Error(`${command} does not answer at ${url}:\n${this.#output}`);
  }
}

/** Gives `started` after what `act` still does to it; stops it if that fails. */
export async function orStop(started, act) {
  try {
    await act(started);
    return started;
  } catch (error) {
    await started.stop();
    throw error;
  }
}

/** An empty folder among the temporary files. */
export function newFolder() {
  return mkdtemp(join(tmpdir(), 'providers-'));
}
