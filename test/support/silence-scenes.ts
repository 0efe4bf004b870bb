/** Hours of traffic in virtual time for the detector of silence: who talks and how, with loss, bursts, pauses, outages and slow replies. */
import assert from "node:assert/strict";
import { it } from "node:test";
import type { PoolEntry } from "#src/core/snapshot.js";
import { CLIENT, CLIENT_IP } from "#src/core/snapshot-builder.testing.js";
import { type Random, seededRandom, type VirtualClient, VirtualTraffic, waitMs } from "./virtual-traffic.js";

export const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Requests a second in all, and for how long: an hour where that does not take minutes. */
const RATES = [
  [1, HOUR_MS / 4],
  [10, HOUR_MS],
  [100, 3 * MINUTE_MS],
  [1000, 15_000],
  [10_000, 1500],
] as const;
export const CLIENTS = 24;

/** How fast each client asks just now: bursts and pauses of all come and go, and outages of all servers. */
export class Pace {
  isOut = false;
  #factor = 1;
  #pausesUntilMs = 0;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Now and then ten times as much, or nothing at all, or no answers, for a while. */
  disturb(traffic: VirtualTraffic): void {
    const random = this.#random;
    const atMs = traffic.nowMs + waitMs(random, 45_000);
    const what = Math.floor(random() * 3);
    const lastsMs = (what === 0 ? 2000 : 20_000) * random();
    traffic.at(atMs, () => {
      if (what === 0) this.#factor = 10;
      if (what === 1) this.#pausesUntilMs = atMs + lastsMs;
      this.isOut = what === 2;
    });
    traffic.at(atMs + lastsMs, () => {
      this.#factor = 1;
      this.isOut = false;
      this.disturb(traffic);
    });
  }

  nextMs(meanMs: number, nowMs: number): number {
    return Math.max(waitMs(this.#random, meanMs / this.#factor), this.#pausesUntilMs - nowMs);
  }
}

interface Scene {
  readonly random: Random;
  readonly pace: Pace;
  readonly perSecond: number;
}

type Cast = (traffic: VirtualTraffic, scene: Scene) => void;

let clients = 0;
export function name(): string {
  clients = (clients + 1) % 16_000_000;
  return `10.${(clients >> 16) & 255}.${(clients >> 8) & 255}.${clients & 255}:4000`;
}

/** Clients that share the rate. `answered` says for each request whether servers answer it. */
export function crowd(
  traffic: VirtualTraffic,
  { pace, perSecond }: Scene,
  count: number,
  answered: (client: number, nowMs: number) => boolean,
): void {
  const meanMs = (1000 * count) / perSecond;
  for (let i = 0; i < count; i++) {
    const client: VirtualClient = {
      name: name(),
      next: (nowMs) => pace.nextMs(meanMs, nowMs),
      isAnswered: (nowMs) => !pace.isOut && answered(i, nowMs),
    };
    traffic.add(client, traffic.nowMs + pace.nextMs(meanMs, traffic.nowMs));
  }
}

/** Says something to each client once in eight seconds at most. */
function seldom(): (client: number, nowMs: number) => boolean {
  const last = new Map<number, number>();
  return (client, nowMs) => {
    if (nowMs - (last.get(client) ?? Number.NEGATIVE_INFINITY) < 8000) return false;
    last.set(client, nowMs);
    return true;
  };
}

/** Sessions that come, have answers for a while, and go on without any; others take their place. */
function turningSessions(chatty: (random: Random) => number): Cast {
  return (traffic, { random, pace, perSecond }) => {
    const meanMs = (1000 * CLIENTS) / perSecond;
    const begin = (fromMs: number) => {
      const turnsAtMs = fromMs + chatty(random);
      const endsAtMs = turnsAtMs + waitMs(random, Math.max(30_000, meanMs * 20));
      const client: VirtualClient = {
        name: name(),
        next: (nowMs) => {
          if (nowMs < endsAtMs) return pace.nextMs(meanMs, nowMs);
          begin(nowMs);
          return undefined;
        },
        isAnswered: (nowMs) => !pace.isOut && nowMs < turnsAtMs,
      };
      traffic.add(client, fromMs + pace.nextMs(meanMs, fromMs));
    };
    for (let i = 0; i < CLIENTS; i++) begin(0);
  };
}

export const CASTS: Readonly<Record<string, Cast>> = {
  "request and reply": (traffic, scene) => crowd(traffic, scene, CLIENTS, () => true),
  "request and reply of two clients": (traffic, scene) => crowd(traffic, scene, 2, () => true),
  "one way": (traffic, scene) => crowd(traffic, scene, CLIENTS, () => false),
  "one way, and a word once in 8 s": (traffic, scene) => crowd(traffic, scene, CLIENTS, seldom()),
  "one way beside request and reply": (traffic, scene) => crowd(traffic, scene, CLIENTS, (i) => i % 2 === 0),
  "one way and seldom beside request and reply": (traffic, scene) => {
    const rarely = seldom();
    crowd(traffic, scene, CLIENTS, (i, nowMs) => i % 3 === 0 || (i % 3 === 1 && rarely(i, nowMs)));
  },
  "a third of all requests is answered": (traffic, scene) =>
    crowd(traffic, scene, CLIENTS, () => scene.random() < 1 / 3),
  "sessions that become one-way": turningSessions((random) => waitMs(random, 2 * MINUTE_MS)),
  "a handshake, then one way": turningSessions((random) => 3000 * random()),
  "one-way traffic that comes and goes": (traffic, scene) => {
    crowd(traffic, { ...scene, perSecond: scene.perSecond / 5 }, CLIENTS, () => true);
    const sender = (): void => {
      const until = traffic.nowMs + waitMs(scene.random, 20_000);
      const meanMs = 1250 / scene.perSecond;
      traffic.add({
        name: name(),
        next: (nowMs) => (nowMs < until ? scene.pace.nextMs(meanMs, nowMs) : undefined),
        isAnswered: () => false,
      });
      traffic.at(until + waitMs(scene.random, 20_000), sender);
    };
    traffic.at(waitMs(scene.random, 30_000), sender);
  },
};

export const POOLS: Readonly<Record<string, Partial<PoolEntry>>> = {
  "affinity none": {},
  "affinity none, random": { policy: "random" },
  "affinity client": { affinity: CLIENT },
  "affinity client-ip": { affinity: CLIENT_IP, policy: "least-flows" },
};

/** Reply times from 0.1 to 200 ms: always the same, exponential, or mostly fast and sometimes slow. */
function replyTimes(random: Random): () => number {
  const meanMs = 0.1 * 2000 ** random();
  const kind = Math.floor(random() * 3);
  if (kind === 0) return () => meanMs;
  if (kind === 1) return () => Math.min(200, waitMs(random, meanMs));
  return () => (random() < 0.9 ? Math.min(meanMs, 20) / 10 : 200 * random());
}

function slowDown(traffic: VirtualTraffic, random: Random): void {
  traffic.at(traffic.nowMs + waitMs(random, 60_000), () => {
    const server = traffic.servers[Math.floor(random() * traffic.servers.length)];
    server.slowUntilMs = traffic.nowMs + 2000;
    slowDown(traffic, random);
  });
}

function play(cast: Cast, pool: Partial<PoolEntry>, perSecond: number, lastsMs: number, seed: number) {
  const random = seededRandom(seed);
  const traffic = new VirtualTraffic({ random, pool, loss: 0.01, replyMs: replyTimes(random) });
  const pace = new Pace(random);
  cast(traffic, { random, pace, perSecond });
  pace.disturb(traffic);
  slowDown(traffic, random);
  traffic.run(lastsMs);
  return traffic;
}

/** Defines a test for each cast and pool: nobody is found silent. @param part of the whole time that is played */
export function defineQuietHours(part: number): void {
  const seeds = Number(process.env.SLUICE_SEEDS ?? 1);
  for (const [what, cast] of Object.entries(CASTS)) {
    for (const [where, pool] of Object.entries(POOLS)) {
      it(`finds nobody silent: ${what}, ${where}`, () => {
        for (const [perSecond, longMs] of RATES) {
          // The kinds of evidence are two; the other pools are seen for a tenth of the time.
          const isWhole = where === "affinity none" || where === "affinity client";
          const lastsMs = part * (isWhole ? longMs : longMs / 10);
          for (let seed = 1; seed <= seeds; seed++) {
            const { found } = play(cast, pool, perSecond, lastsMs, seed * 7919 + perSecond);
            assert.deepEqual(found, [], `${perSecond}/s, seed ${seed}`);
          }
        }
      });
    }
  }
}
