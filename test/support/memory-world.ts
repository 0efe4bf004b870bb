/**
 * A world in memory, for tests of what is above sockets: a network, peers, and a clock that passes only while a test waits for
 * something. So a test plays a minute in an instant, and no machine is too slow for it. One test at a time may use it.
 */
import type { TestContext } from "node:test";
import type { Balancer } from "#src/api.js";
import { startBalancer } from "#src/balancer.js";
import { type Endpoint, formatEndpoint, parseEndpoint } from "#src/core/address.js";
import { FakeClock, settle } from "#src/core/fake-clock.testing.js";
import { failed, formatMs, type Probe, type ProbeResult, passed } from "#src/health/probe.js";
import { MemoryNetwork, type MemorySocket } from "#src/planes/memory/memory-network.js";
import { MemoryPlane } from "#src/planes/memory/memory-plane.js";
import type { GivenConfig } from "#src/reloads.js";
import type { CreateOptions } from "#src/started-balancer.js";
import { formatAddress, Peer, type PeerOptions } from "./peer.js";
import { eventually as eventuallyInTruth } from "./waiting.js";

/** Longest virtual time that something is waited for. */
const MOST_MS = 60_000;
/** Time passes in steps of a millisecond at first, then in longer ones. */
const stepMs = (waitedMs: number) => (waitedMs < 50 ? 1 : 10);
const PING = "PING 1";

export class MemoryWorld {
  readonly clock = new FakeClock();
  readonly network: MemoryNetwork;
  #passing: Promise<void> = Promise.resolve();

  /** @param path see MemoryNetworkOptions */
  constructor(path?: (from: string, to: string, payload: Buffer) => number | undefined) {
    this.network = new MemoryNetwork({ clock: this.clock, ...(path && { path }) });
  }

  /** Lets virtual time pass. */
  readonly pass = (ms: number): Promise<void> => {
    this.#passing = this.#passing.then(() => this.clock.pass(ms));
    return this.#passing;
  };

  /** Lets time pass until `check` no longer throws. What a file system does takes real time, which is waited for after that. */
  readonly eventually = async <T>(check: () => T | Promise<T>): Promise<T> => {
    await settle();
    for (let ms = 0; ms < MOST_MS; ms += stepMs(ms), await this.pass(stepMs(ms))) {
      try {
        return await check();
      } catch {
        // Not yet.
      }
    }
    return eventuallyInTruth(check);
  };

  /** Lets time pass until a promise is settled. */
  readonly until = async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false;
    const settled = () => {
      isSettled = true;
    };
    promise.then(settled, settled);
    await settle();
    for (let ms = 0; !isSettled && ms < MOST_MS; ms += stepMs(ms)) await this.pass(stepMs(ms));
    return promise;
  };

  readonly openPeer = async (t: TestContext, options: PeerOptions = {}): Promise<Peer> => {
    const peer = new MemoryPeer(this, options);
    t.after(() => peer.close());
    return peer;
  };

  /** A balancer on the memory plane, which closes with the test. */
  readonly start = async (
    t: TestContext,
    config: GivenConfig,
    options: CreateOptions = {},
  ): Promise<Balancer> => {
    const { clock, network } = this;
    const balancer = await startBalancer(config, {
      ...options,
      clock,
      openPlane: (context) => new MemoryPlane(context, { network, clock }),
      createProbe: () => this.#probe(),
    });
    t.after(() => balancer.close({ graceMs: 0 }));
    return balancer;
  };

  /** Asks with a text like the ping probe's, and wants it back. */
  #probe(): Probe {
    return {
      type: "ping",
      run: (target, timeoutMs, signal) =>
        new Promise<ProbeResult>((resolve) => this.#ask(target, timeoutMs, signal, resolve)),
    };
  }

  #ask(
    target: Endpoint,
    timeoutMs: number,
    signal: AbortSignal,
    resolve: (result: ProbeResult) => void,
  ): void {
    const startedMs = this.clock.now();
    const end = (outcome: { ok: boolean; reason: string }) => {
      cancel();
      socket.close();
      resolve({ ...outcome, elapsedMs: this.clock.now() - startedMs });
    };
    const socket: MemorySocket = this.network.bind(parseEndpoint("127.0.0.1:0"), {
      receive: (payload) => payload.toString() === PING && end(passed("answered")),
      refused: () => end(failed("refused (ICMP port unreachable)")),
    });
    const cancel = this.clock.after(timeoutMs, () => end(failed(`no answer within ${formatMs(timeoutMs)}`)));
    signal.addEventListener("abort", () => end(failed("given up")), { once: true });
    socket.send(Buffer.from(PING), formatEndpoint(target));
  }
}

class MemoryPeer extends Peer {
  readonly #world: MemoryWorld;
  readonly #socket: MemorySocket;
  #open = true;

  constructor(world: MemoryWorld, { ip = "127.0.0.1", port = 0 }: PeerOptions) {
    const socket = world.network.bind(parseEndpoint(formatAddress(ip, port)), {
      receive: (payload, from) => this.arrive(payload, from),
    });
    super(ip, socket.port);
    this.#world = world;
    this.#socket = socket;
  }

  send(payload: string | Uint8Array, to: string): void {
    this.#socket.send(Buffer.from(payload), to);
  }

  /** What timers still do within a moment counts, too. */
  override async gotNothing(): Promise<void> {
    await this.#world.pass(50);
    await super.gotNothing();
  }

  close(): void {
    this.#open = false;
    this.#socket.close();
  }

  get isOpen(): boolean {
    return this.#open;
  }

  protected wait(isThere: () => boolean, what: string): Promise<void> {
    return this.#world.eventually(() => {
      if (!isThere()) throw new Error(`waited for ${what}`);
    });
  }
}
