/** `balancer.tap`: who may see copies of datagrams, and handing them over. A reader that is slow misses some. */
import type { TellOperator } from "./actors.js";
import type { Actor, Tap, TapOptions, TappedDatagram } from "./api.js";
import { parseEndpoint } from "./core/address.js";
import type { Cancel, Clock } from "./core/clock.js";
import { SluiceError } from "./core/errors.js";
import { parseFlowId } from "./core/flow-id.js";
import { formatIpWords } from "./core/ip-words.js";
import type { Snapshot } from "./core/snapshot.js";
import { MAX_TAPS, type TapCopy } from "./core/tap-ring.js";
import type { TapFilter } from "./core/taps.js";
import { parseClientMatch } from "./flow-info.js";
import type { Plane } from "./planes/plane.js";
import { TapQueue } from "./tap-queue.js";

export interface TapsOptions {
  readonly clock: Clock;
  readonly plane: Pick<Plane, "setTap" | "takeTapped">;
  readonly snapshot: () => Snapshot;
  /** Listener slot → address really bound. */
  readonly addresses: ReadonlyMap<number, string>;
  readonly tell: TellOperator;
}

interface OpenTap {
  readonly queue: TapQueue;
  readonly snapBytes: number;
  /** By worker: how many it had lost for this tap when that was last told. */
  readonly lost: Map<number, number>;
}

const EVERY_MS = 20;
const MAX_SNAP_BYTES = 65_535;
const DEFAULT_DATAGRAMS = 10_000;
const MAX_DATAGRAMS = 1_000_000;

export class Taps {
  readonly #options: TapsOptions;
  readonly #open = new Array<OpenTap | undefined>(MAX_TAPS).fill(undefined);
  /** Slots whose tap is over, but not yet in all workers. */
  readonly #leaving = new Set<number>();
  #endDraining: Cancel | undefined;

  constructor(options: TapsOptions) {
    this.#options = options;
  }

  /** @throws SluiceError `TAP_LIMIT` when too many are open, `ARGUMENT_INVALID` or `LISTENER_UNKNOWN` */
  open(options: TapOptions, signal: AbortSignal | undefined, actor: Actor | undefined): Tap {
    const filter = readFilter(options, this.#options.snapshot());
    const most = wholeNumber("maxDatagrams", options.maxDatagrams ?? DEFAULT_DATAGRAMS, 1, MAX_DATAGRAMS);
    const slot = this.#open.findIndex((tap, i) => tap === undefined && !this.#leaving.has(i));
    if (slot < 0) throw new SluiceError("TAP_LIMIT", `${MAX_TAPS} taps are open, the most there may be`);
    const onAbort = () => this.#finish(queue);
    const queue = new TapQueue(most, () => {
      signal?.removeEventListener("abort", onAbort);
      this.#close(slot);
    });
    this.#open[slot] = { queue, snapBytes: filter.snapBytes, lost: this.#lostSoFar(slot) };
    this.#endDraining ??= this.#options.clock.every(EVERY_MS, () => this.#drain());
    const opened = this.#options.plane.setTap(slot, filter);
    if (signal?.aborted) queue.end();
    else signal?.addEventListener("abort", onAbort, { once: true });
    this.#options.tell("tap", describe(options), `at most ${most} datagrams`, actor);
    return { opened, [Symbol.asyncIterator]: () => queue };
  }

  closeAll(): void {
    for (const tap of this.#open) tap?.queue.end();
  }

  /** What was copied until now is still handed over. */
  #finish(queue: TapQueue): void {
    this.#drain();
    queue.end();
  }

  #close(slot: number): void {
    this.#open[slot] = undefined;
    this.#leaving.add(slot);
    void this.#options.plane
      .setTap(slot, undefined)
      .catch(() => {})
      .finally(() => {
        this.#drain();
        this.#leaving.delete(slot);
      });
    if (this.#open.some((tap) => tap !== undefined)) return;
    this.#endDraining?.();
    this.#endDraining = undefined;
  }

  #lostSoFar(slot: number): Map<number, number> {
    const workers = this.#options.plane.takeTapped();
    this.#handOver(workers);
    return new Map(workers.map(({ lost }, worker) => [worker, lost[slot] ?? 0]));
  }

  #drain(): void {
    this.#handOver(this.#options.plane.takeTapped());
  }

  #handOver(workers: ReturnType<Plane["takeTapped"]>): void {
    const names = new Names(this.#options.snapshot(), this.#options.addresses);
    for (const [worker, { copies }] of workers.entries()) {
      for (const copy of copies) {
        for (const [slot, tap] of this.#open.entries()) {
          if (tap !== undefined && (copy.taps & (1 << slot)) !== 0)
            this.#give(tap, slot, worker, copy, names);
        }
      }
    }
  }

  #give(tap: OpenTap, slot: number, worker: number, copy: TapCopy, names: Names): void {
    const missed = (copy.lost[slot] - (tap.lost.get(worker) ?? 0)) >>> 0;
    tap.lost.set(worker, copy.lost[slot]);
    tap.queue.miss(missed);
    tap.queue.push({ ...names.of(copy), payload: copy.payload.subarray(0, tap.snapBytes) });
  }
}

/** Slots as names. */
class Names {
  readonly #listeners: ReadonlyMap<number, string>;
  readonly #backends: ReadonlyMap<number, string>;
  readonly #addresses: ReadonlyMap<number, string>;

  constructor({ listeners, pools }: Snapshot, addresses: ReadonlyMap<number, string>) {
    this.#listeners = new Map(listeners.map(({ slot, name }) => [slot, name]));
    this.#backends = new Map(pools.flatMap(({ backends }) => backends.map(({ slot, name }) => [slot, name])));
    this.#addresses = addresses;
  }

  of(copy: TapCopy): Omit<TappedDatagram, "payload" | "missed"> {
    const { atMs, isReply, listenerSlot, length } = copy;
    const bound = this.#addresses.get(listenerSlot) ?? "";
    const isKnown = copy.localIp.some((word) => word !== 0);
    return {
      atMs,
      direction: isReply ? "reply" : "request",
      client: formatPlace(copy.clientIp, copy.clientPort),
      local: isKnown && bound !== "" ? formatPlace(copy.localIp, parseEndpoint(bound).port) : bound,
      listener: this.#listeners.get(listenerSlot) ?? "(removed)",
      backend: this.#backends.get(copy.backendSlot) ?? "(removed)",
      length,
    };
  }
}

function formatPlace(words: Uint32Array, port: number): string {
  const ip = formatIpWords(words, 0);
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function readFilter({ client, flow, listener, snapBytes }: TapOptions, { listeners }: Snapshot): TapFilter {
  if (client === undefined && flow === undefined && listener === undefined) {
    throw new SluiceError("ARGUMENT_INVALID", "expected at least one of client, flow and listener");
  }
  const entry = listeners.find(({ name }) => name === listener);
  if (listener !== undefined && entry === undefined) {
    throw new SluiceError("LISTENER_UNKNOWN", `no listener ${JSON.stringify(listener)}`);
  }
  return {
    ...(client !== undefined && { client: parseClientMatch(client) }),
    ...(flow !== undefined && { flow: parseFlowId(flow) }),
    ...(entry !== undefined && { listenerSlot: entry.slot }),
    snapBytes: wholeNumber("snapBytes", snapBytes ?? MAX_SNAP_BYTES, 0, MAX_SNAP_BYTES),
  };
}

function wholeNumber(name: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw new SluiceError(
    "ARGUMENT_INVALID",
    `${name}: found ${value}, expected a whole number from ${min} to ${max}`,
  );
}

function describe({ client, flow, listener }: TapOptions): string {
  const given = Object.entries({ client, flow, listener }).filter(([, value]) => value !== undefined);
  return given.map(([key, value]) => `${key} ${value}`).join(", ");
}
