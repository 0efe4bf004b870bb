/** The detector of silence in virtual time, behind a real forwarder: it ejects nobody who is well, and finds a black hole soon. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PoolEntry } from "#src/core/snapshot.js";
import { CLIENT, CLIENT_IP } from "#src/core/snapshot-builder.testing.js";
import { LOOK_EVERY_MS } from "#src/health/silence.js";
import {
  type Random,
  seededRandom,
  type VirtualClient,
  type VirtualOptions,
  VirtualTraffic,
  waitMs,
} from "../support/virtual-traffic.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Requests a second in all, and for how long: an hour where that does not take minutes. */
const RATES = [
  [1, HOUR_MS / 4],
  [10, HOUR_MS],
  [100, 3 * MINUTE_MS],
  [1000, 15_000],
  [10_000, 1500],
] as const;
const CLIENTS = 24;

/** How fast each client asks just now: bursts and pauses of all come and go, and outages of all servers. */
class Pace {
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
function name(): string {
  clients = (clients + 1) % 16_000_000;
  return `10.${(clients >> 16) & 255}.${(clients >> 8) & 255}.${clients & 255}:4000`;
}

/** Clients that share the rate. `answered` says for each request whether servers answer it. */
function crowd(
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

const CASTS: Readonly<Record<string, Cast>> = {
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

const POOLS: Readonly<Record<string, Partial<PoolEntry>>> = {
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

function quietHour(cast: Cast, pool: Partial<PoolEntry>, perSecond: number, lastsMs: number, seed: number) {
  const random = seededRandom(seed);
  const traffic = new VirtualTraffic({ random, pool, loss: 0.01, replyMs: replyTimes(random) });
  const pace = new Pace(random);
  cast(traffic, { random, pace, perSecond });
  pace.disturb(traffic);
  slowDown(traffic, random);
  traffic.run(lastsMs);
  return traffic;
}

describe("SilenceDetector: an hour with loss, bursts, pauses and slow replies", () => {
  const seeds = Number(process.env.SLUICE_SEEDS ?? 1);
  for (const [what, cast] of Object.entries(CASTS)) {
    for (const [where, pool] of Object.entries(POOLS)) {
      it(`finds nobody silent: ${what}, ${where}`, () => {
        for (const [perSecond, longMs] of RATES) {
          // The kinds of evidence are two; the other pools are seen for a tenth of the time.
          const lastsMs = where === "affinity none" || where === "affinity client" ? longMs : longMs / 10;
          for (let seed = 1; seed <= seeds; seed++) {
            const { found } = quietHour(cast, pool, perSecond, lastsMs, seed * 7919 + perSecond);
            assert.deepEqual(found, [], `${perSecond}/s, seed ${seed}`);
          }
        }
      });
    }
  }
});

describe("SilenceDetector: a black hole", () => {
  function findMs(perSecond: number, options: Partial<VirtualOptions> = {}, count = CLIENTS): number {
    const random = seededRandom(perSecond);
    const traffic = new VirtualTraffic({ random, pool: {}, loss: 0, replyMs: () => 1, ...options });
    crowd(traffic, { random, pace: new Pace(random), perSecond }, count, () => true);
    const beginsMs = MINUTE_MS + 50 * random();
    traffic.at(beginsMs, () => {
      traffic.servers[1].isSilent = true;
    });
    traffic.run(beginsMs + MINUTE_MS);
    assert.deepEqual(
      traffic.found.map(({ slot }) => slot),
      [1],
    );
    assert.ok(traffic.found[0].chance < 1e-9);
    return traffic.found[0].atMs - beginsMs;
  }

  for (const [where, pool] of Object.entries(POOLS)) {
    it(`is found within 250 ms at 1,000 requests a second, ${where}`, () => {
      const ms = findMs(1000, { pool });
      assert.ok(ms <= 250, `${ms} ms`);
    });
    it(`is found within 3 s at 10 requests a second, ${where}`, () => {
      const ms = findMs(10, { pool });
      assert.ok(ms <= 3000, `${ms} ms`);
    });
  }

  const conversations: readonly string[] = ["affinity client", "affinity client-ip"];
  for (const where of conversations) {
    it(`is found after a short record, wherever between two looks it begins, ${where}`, () => {
      for (let beginsMs = 300; beginsMs < 300 + LOOK_EVERY_MS; beginsMs += 3) {
        const traffic = steadyConversations(POOLS[where]);
        traffic.at(beginsMs, () => {
          traffic.servers[1].isSilent = true;
        });
        traffic.run(beginsMs + MINUTE_MS);
        assert.equal(traffic.found[0]?.slot, 1, `from ${beginsMs} ms`);
      }
    });
  }
});

/** Twelve clients of two servers, each with a request every 10 ms that is answered a millisecond later. */
function steadyConversations(pool: Partial<PoolEntry>): VirtualTraffic {
  const random = seededRandom(1);
  const options = { random, pool: { ...pool, policy: "least-flows" as const }, servers: 2, loss: 0 };
  const traffic = new VirtualTraffic({ ...options, replyMs: () => 1 });
  for (let i = 0; i < 12; i++) traffic.add({ name: name(), next: () => 10, isAnswered: () => true }, i);
  return traffic;
}
