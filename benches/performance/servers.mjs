// The processes that are measured: started on one core, watched until they answer, and ended. The
// other core is for the load, the provider and everything else.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The core of the servers, and that of the load. */
export const SERVER_CORE = 0;
export const LOAD_CORE = 1;

const READY_WITHIN = 120_000;
const running = new Set();
process.once('exit', () => running.forEach((server) => server.kill()));

/** A process that listens on a port of this machine. */
export class Server {
  #child;
  #ended;
  #output = '';

  /**
   * Starts `command` and waits until `path` is answered with anything but an error of the server;
   * `null`: until the port is open. `env` is all that it gets of an environment beside PATH. With an
   * `input`, it ends by itself when that does.
   */
  static async start({ name, command, port, path = '/healthz', env = {}, core = SERVER_CORE, input }) {
    const server = new Server(name, command, port, env, core, input);
    await server.#ready(path);
    return server;
  }

  constructor(name, command, port, env, core, input) {
    this.name = name;
    this.port = port;
    this.url = `http://localhost:${port}`;
    const started = process.hrtime.bigint();
    this.#child = spawn('taskset', ['--cpu-list', String(core), ...command], {
      env: { PATH: process.env.PATH, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    this.#child.stdin?.write(input);
    running.add(this);
    this.#ended = once(this.#child, 'exit').finally(() => running.delete(this));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.on('data', (data) => {
        this.#output = (this.#output + data).slice(-4000);
      });
    }
    this.started = started;
  }

  get pid() {
    return this.#child.pid;
  }

  async #ready(path) {
    const end = Date.now() + READY_WITHIN;
    while (Date.now() < end) {
      if (!running.has(this)) throw new Error(`${this.name} ended at once: ${this.#output}`);
      if (await this.#answers(path)) {
        /** How long it took from the start to the first answer, in seconds. */
        this.readyAfter = Number(process.hrtime.bigint() - this.started) / 1e9;
        return;
      }
      await sleep(5);
    }
    throw new Error(`${this.name} does not answer at ${this.url}${path}: ${this.#output}`);
  }

  async #answers(path) {
    if (path === null) {
      const socket = connect(this.port, 'localhost');
      const open = await once(socket, 'connect').then(() => true, () => false);
      socket.destroy();
      return open;
    }
    const answer = await fetch(this.url + path, { redirect: 'manual' }).catch(() => null);
    await answer?.arrayBuffer();
    return answer !== null && answer.status < 500;
  }

  /** CPU time used so far by all its threads, or by the one of that name, in seconds. */
  cpu(thread) {
    const tasks = `/proc/${this.pid}/task`;
    const counts = (task) => !thread || readFileSync(`${tasks}/${task}/comm`, 'utf8').trim() === thread;
    const nanoseconds = (task) => {
      const [used] = readFileSync(`${tasks}/${task}/schedstat`, 'ascii').split(' ');
      return Number(used);
    };
    const counted = readdirSync(tasks).filter(counts);
    if (counted.length === 0) throw new Error(`${this.name} has no thread ${thread}`);
    return counted.map(nanoseconds).reduce((sum, used) => sum + used, 0) / 1e9;
  }

  /** Memory that is its own, in bytes. */
  memory() {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(this.#proc('status'));
    return Number(kilobytes) * 1024;
  }

  /** Bytes that it has given to a disk so far. */
  written() {
    const [, bytes] = /^write_bytes: (\d+)/m.exec(this.#proc('io'));
    return Number(bytes);
  }

  #proc(file) {
    return readFileSync(`/proc/${this.pid}/${file}`, 'ascii');
  }

  /** Ends it as an operator would. */
  async stop() {
    if (this.#child.stdin) this.#child.stdin.end();
    else this.#child.kill('SIGTERM');
    await this.#ended;
  }

  kill() {
    if (!this.#child.stdin) this.#child.kill('SIGKILL');
  }
}
