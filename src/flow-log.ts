/**
 * The flow log: one line of JSON for each flow that has ended. It empties the planes' rings ten times a second; what cannot be
 * written in time is dropped and counted. Traffic never waits for it.
 */
import type { FlowLogConfig } from "./config/config.js";
import type { Cancel, Clock } from "./core/clock.js";
import type { EndedFlow } from "./core/ended-flow.js";
import type { Snapshot } from "./core/snapshot.js";
import { LineFile } from "./line-file.js";
import { type LineSink, LineStream } from "./line-sink.js";
import type { Plane } from "./planes/plane.js";

export interface FlowLogOptions {
  readonly plane: Pick<Plane, "endedFlows" | "lostEndedFlows">;
  readonly warn: (code: string, message: string) => void;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallMs?: () => number;
}

export interface FlowLogFigures {
  readonly lines: number;
  readonly dropped: number;
}

const EVERY_MS = 100;
const WARN_EVERY_MS = 60_000;
const UNKNOWN = "(removed)";
const STDOUT = "-";

export class FlowLog {
  readonly #options: FlowLogOptions;
  readonly #wallMs: () => number;
  /** By slot. Names of what has left the config stay until the slot has another owner. */
  readonly #listeners = new Map<number, string>();
  readonly #backends = new Map<number, { readonly pool: string; readonly name: string }>();
  #sink: LineSink | undefined;
  #file: string | undefined;
  #endWriting: Cancel | undefined;
  /** Of sinks that are closed. */
  #before = { lines: 0, dropped: 0 };
  #lostTold = 0;
  #warnedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: FlowLogOptions) {
    this.#options = options;
    this.#wallMs = options.wallMs ?? Date.now;
  }

  /** Undefined while there is no flow log. */
  get figures(): FlowLogFigures | undefined {
    if (this.#sink === undefined) return undefined;
    const { lines, dropped } = this.#sink;
    return {
      lines: this.#before.lines + lines,
      dropped: this.#before.dropped + dropped + this.#options.plane.lostEndedFlows,
    };
  }

  /** A config is in force. The same file is opened anew, so that its old name may be gone. */
  update(config: FlowLogConfig | undefined): void {
    if (config !== undefined && config.file === this.#file) {
      this.#sink?.reopen();
      return;
    }
    this.#write();
    this.#leave();
    if (config === undefined) return;
    const failed = (reason: string, isKept = false) => this.#warn(`${config.file}: ${reason}`, isKept);
    this.#file = config.file;
    this.#sink =
      config.file === STDOUT ? new LineStream(process.stdout, failed) : new LineFile(config.file, failed);
    this.#endWriting = this.#options.clock.every(EVERY_MS, () => this.#write());
  }

  /** Its file may have been renamed: further lines go to the one that has its name now. */
  reopen(): void {
    this.#sink?.reopen();
  }

  /** Its file is another user's from now on, if this process has made it. @throws the system's error */
  async giveTo(uid: number, gid: number): Promise<void> {
    await this.#sink?.giveTo(uid, gid);
  }

  /** What flows may be called that end from now on. */
  rename({ listeners, pools }: Snapshot): void {
    for (const { slot, name } of listeners) this.#listeners.set(slot, name);
    for (const pool of pools) {
      for (const { slot, name } of pool.backends) this.#backends.set(slot, { pool: pool.name, name });
    }
  }

  /** Writes what has ended until now, and resolves when it is written or given up. */
  async close(): Promise<void> {
    this.#write();
    const sink = this.#sink;
    this.#leave();
    await sink?.closed;
  }

  #leave(): void {
    this.#endWriting?.();
    if (this.#sink === undefined) return;
    const { lines, dropped, waiting } = this.#sink;
    this.#before = {
      lines: this.#before.lines + lines + waiting,
      dropped: this.#before.dropped + dropped,
    };
    this.#sink.close();
    this.#sink = undefined;
    this.#file = undefined;
  }

  #write(): void {
    const flows = this.#options.plane.endedFlows();
    if (this.#sink === undefined) return;
    const at = new Date(this.#wallMs()).toISOString();
    if (flows.length > 0) this.#sink.write(flows.map((flow) => this.#line(flow, at)));
    const lost = this.#options.plane.lostEndedFlows;
    if (lost > this.#lostTold) this.#warn("flows end faster than they can be written down");
    this.#lostTold = lost;
  }

  #line(flow: EndedFlow, at: string): string {
    const { client, requests, requestBytes, replies, replyBytes, durationMs, end, moves } = flow;
    const backend = this.#backends.get(flow.backendSlot);
    const line = {
      at,
      client,
      listener: this.#listeners.get(flow.listenerSlot) ?? UNKNOWN,
      pool: backend?.pool ?? UNKNOWN,
      backend: backend?.name ?? UNKNOWN,
      requests: { datagrams: requests, bytes: requestBytes },
      replies: { datagrams: replies, bytes: replyBytes },
      durationMs: Math.round(durationMs),
      end,
      moves,
    };
    return `${JSON.stringify(line)}\n`;
  }

  #warn(reason: string, isKept = false): void {
    const nowMs = this.#options.clock.now();
    if (nowMs - this.#warnedAtMs < WARN_EVERY_MS) return;
    this.#warnedAtMs = nowMs;
    const what = isKept ? "the flow log goes on in the file that was open" : "the flow log loses lines";
    this.#options.warn("flow_log", `${what}: ${reason}`);
  }
}
