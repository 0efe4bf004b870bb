import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HealthConfig } from "../config/health-config.js";
import { formatEndpoint, parseEndpoint, parseIp } from "../core/address.js";
import type { ProbeResult } from "./probe.js";
import { type ProbedBackend, Prober, type ProberOptions } from "./prober.js";

const PLAN: HealthConfig = {
  probe: { type: "ping" },
  intervalMs: 5_000,
  timeoutMs: 1_000,
  rise: 2,
  fall: 3,
  jitterPercent: 0,
  fastIntervalMs: 1_000,
  port: 0,
};

function backend(slot: number, plan: Partial<HealthConfig> = {}): ProbedBackend {
  const endpoint = parseEndpoint(`192.0.2.1:${slot}`);
  return { slot, name: `p/${slot}`, endpoint, plan: { ...PLAN, ...plan } };
}

/** Time that only moves when a test says so. */
class FakeClock {
  #nowMs = 0;
  #timers = new Set<{ atMs: number; callback: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Moves to a time, and lets every probe that answers at once do so on the way. */
  async moveTo(ms: number): Promise<void> {
    await settle();
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > ms) break;
      this.#nowMs = next.atMs;
      this.#timers.delete(next);
      next.callback();
      await settle();
    }
    this.#nowMs = ms;
    await settle();
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A prober whose probes answer as the test says, and a log of what happened: `time slot`, states, results. */
function createRig(options: Partial<ProberOptions> = {}) {
  const clock = new FakeClock();
  const probed: string[] = [];
  const states: string[] = [];
  const results: string[] = [];
  const signs: string[] = [];
  const timeouts: number[] = [];
  const answers = new Map<string, boolean>();
  const waiting = new Map<string, (result: ProbeResult) => void>();
  const prober = new Prober({
    clock,
    random: () => 0.5,
    onState: (slot, state, reason) => states.push(`${clock.now()} ${slot} ${state} ${reason}`),
    onResult: (slot, { ok }) => results.push(`${clock.now()} ${slot} ${ok}`),
    onSign: (slot, passed) => signs.push(`${clock.now()} ${slot} ${passed}`),
    createProbe: () => ({
      type: "fake",
      run(target, timeoutMs, signal) {
        timeouts.push(timeoutMs);
        const place = formatEndpoint(target);
        probed.push(`${clock.now()} ${place.replace("192.0.2.1:", "")}`);
        const ok = answers.get(place.replace("192.0.2.1:", "")) ?? answers.get("*");
        if (ok !== undefined) return Promise.resolve({ ok, reason: ok ? "good" : "bad", elapsedMs: 0 });
        return new Promise((resolve) => {
          waiting.set(place.replace("192.0.2.1:", ""), resolve);
          signal.addEventListener("abort", () => resolve({ ok: false, reason: "given up", elapsedMs: 0 }));
        });
      },
    }),
    ...options,
  });
  return { clock, prober, probed, states, results, signs, timeouts, answers, waiting };
}

describe("Prober", () => {
  it("spreads the first probes over one interval, and repeats each", async () => {
    const { clock, prober, probed, answers } = createRig();
    answers.set("*", true);
    prober.update([backend(1), backend(2), backend(3), backend(4), backend(5)]);
    await clock.moveTo(5_000);
    assert.deepEqual(probed, ["0 1", "1000 2", "2000 3", "3000 4", "4000 5", "5000 1"]);
    await prober.close();
  });

  it("says down after fall failures, at the fast interval, and up after rise successes", async () => {
    const { clock, prober, probed, states, answers } = createRig();
    answers.set("1", false);
    prober.update([backend(1)]);
    await clock.moveTo(2_000);
    assert.deepEqual(states, ["2000 1 down bad"]);
    assert.equal(prober.state(1), "down");
    await clock.moveTo(6_999);
    answers.set("1", true);
    await clock.moveTo(8_000);
    assert.deepEqual(states, ["2000 1 down bad", "8000 1 up good"]);
    await clock.moveTo(13_000);
    const times = probed.map((line) => Number(line.split(" ")[0]));
    assert.deepEqual(times, [0, 1_000, 2_000, 7_000, 8_000, 13_000]);
    await prober.close();
  });

  it("never waits longer while a state changes than otherwise", async () => {
    const { clock, prober, probed, answers } = createRig();
    answers.set("1", false);
    prober.update([backend(1, { intervalMs: 500 })]);
    await clock.moveTo(500);
    assert.deepEqual(probed, ["0 1", "500 1"]);
    await prober.close();
  });

  it("jitters each interval by up to so many percent", async () => {
    const draws = [0, 0.999_999, 0.5];
    const { clock, prober, probed, answers } = createRig({ random: () => draws.shift() ?? 0.5 });
    answers.set("1", true);
    prober.update([backend(1, { jitterPercent: 10 })]);
    await clock.moveTo(15_001);
    const times = probed.map((line) => Math.round(Number(line.split(" ")[0])));
    assert.deepEqual(times, [0, 4_500, 10_000, 15_000]);
    await prober.close();
  });

  it("counts an interval from the start of a probe, and never runs two of one backend", async () => {
    const { clock, prober, probed, waiting } = createRig();
    prober.update([backend(1)]);
    await clock.moveTo(800);
    waiting.get("1")?.({ ok: true, reason: "", elapsedMs: 800 });
    await clock.moveTo(12_000);
    assert.deepEqual(probed, ["0 1", "5000 1"]);
    waiting.get("1")?.({ ok: true, reason: "", elapsedMs: 7_000 });
    await clock.moveTo(12_000);
    assert.deepEqual(probed, ["0 1", "5000 1", "12000 1"]);
    await prober.close();
  });

  it("runs at most so many at once; the others follow in their order", async () => {
    const { clock, prober, probed, waiting } = createRig({ maxConcurrent: 2 });
    prober.update([1, 2, 3, 4].map((slot) => backend(slot)));
    await clock.moveTo(4_000);
    assert.deepEqual(probed, ["0 1", "1250 2"]);
    waiting.get("1")?.({ ok: true, reason: "", elapsedMs: 1 });
    await clock.moveTo(4_000);
    assert.deepEqual(probed, ["0 1", "1250 2", "4000 3"]);
    await prober.close();
  });

  it("sends probes to the plan's address and port", async () => {
    const { clock, prober, probed } = createRig();
    prober.update([backend(1, { port: 99, address: parseIp("2001:db8::1") }), backend(2, { port: 98 })]);
    await clock.moveTo(2_500);
    assert.deepEqual(probed, ["0 [2001:db8::1]:99", "2500 98"]);
    await prober.close();
  });

  it("counts a probe that failed for want of something here neither way", async () => {
    const results = [false, true, false, true].map((isOurs) => ({
      ok: false,
      reason: "bad",
      isOurs,
      elapsedMs: 0,
    }));
    const { clock, prober, states } = createRig({
      createProbe: () => ({ type: "fake", run: () => Promise.resolve(results.shift()!) }),
    });
    prober.update([backend(1)]);
    await clock.moveTo(3_000);
    assert.deepEqual([results, states], [[], []]);
    assert.equal(prober.state(1), "up");
    await prober.close();
  });

  it("counts a probe that rejects as a failure", async () => {
    const { clock, prober, states } = createRig({
      createProbe: () => ({ type: "broken", run: () => Promise.reject(new TypeError("oops")) }),
    });
    prober.update([backend(1, { fall: 1 })]);
    await clock.moveTo(0);
    assert.deepEqual(states, ["0 1 down the probe itself failed (TypeError)"]);
    await prober.close();
  });
});

describe("Prober.prove", () => {
  it("probes at once, and goes on from there", async () => {
    const { clock, prober, probed, answers } = createRig();
    answers.set("*", true);
    prober.update([backend(1), backend(2)]);
    await clock.moveTo(2_000);
    prober.prove(2);
    prober.prove(7);
    await clock.moveTo(8_000);
    assert.deepEqual(probed, ["0 1", "2000 2", "3000 2", "5000 1", "8000 2"]);
    await prober.close();
  });

  it("goes ahead of those that wait for their turn", async () => {
    const { clock, prober, probed, waiting } = createRig({ maxConcurrent: 1 });
    prober.update([backend(1), backend(2), backend(3)]);
    await clock.moveTo(4_000);
    prober.prove(3);
    waiting.get("1")?.({ ok: true, reason: "", elapsedMs: 1 });
    await clock.moveTo(4_000);
    assert.deepEqual(probed, ["0 1", "4000 3"]);
    await prober.close();
  });

  it("follows a probe that is under way, whose answer may be older than the question", async () => {
    const { clock, prober, probed, waiting } = createRig();
    prober.update([backend(1)]);
    await clock.moveTo(100);
    prober.prove(1);
    assert.deepEqual(probed, ["0 1"]);
    waiting.get("1")?.({ ok: true, reason: "", elapsedMs: 1 });
    await clock.moveTo(100);
    assert.deepEqual(probed, ["0 1", "100 1"]);
    await prober.close();
  });

  it("wants rise successes, whatever the state was, at the fast interval", async () => {
    const { clock, prober, states, answers } = createRig();
    answers.set("1", true);
    prober.update([backend(1)]);
    await clock.moveTo(2_500);
    prober.prove(1);
    assert.equal(prober.state(1), "unproven");
    await clock.moveTo(3_499);
    assert.deepEqual(states, []);
    await clock.moveTo(3_500);
    assert.deepEqual(states, ["3500 1 up good"]);
    await prober.close();
  });

  it("or fall failures", async () => {
    const { clock, prober, states, signs, answers } = createRig();
    answers.set("1", true);
    prober.update([backend(1)]);
    await clock.moveTo(2_500);
    answers.set("1", false);
    prober.prove(1);
    await clock.moveTo(3_500);
    answers.set("1", true);
    await clock.moveTo(4_500);
    answers.set("1", false);
    await clock.moveTo(7_500);
    assert.deepEqual(states, ["7500 1 down bad"]);
    const kinds = signs.map((line) => line.split(" ")[2]).join(" ");
    assert.equal(kinds, "true false false true false false");
    await prober.close();
  });

  it("does not count a probe that began before", async () => {
    const { clock, prober, states, signs, results, waiting } = createRig();
    prober.update([backend(1, { rise: 1 })]);
    await clock.moveTo(100);
    prober.prove(1);
    waiting.get("1")?.({ ok: true, reason: "", elapsedMs: 1 });
    await clock.moveTo(100);
    assert.deepEqual([states, signs, results], [[], [], ["100 1 true"]]);
    waiting.get("1")?.({ ok: true, reason: "good", elapsedMs: 1 });
    await clock.moveTo(100);
    assert.deepEqual(states, ["100 1 up good"]);
    await prober.close();
  });

  it("of what is suspected has little time, and its failure is a sign that counts for nothing else", async () => {
    const { clock, prober, probed, states, signs, timeouts, answers } = createRig();
    answers.set("1", true);
    prober.update([backend(1, { fall: 1 })]);
    await clock.moveTo(5_500);
    answers.set("1", false);
    signs.length = 0;
    prober.prove(1, true);
    await clock.moveTo(5_600);
    assert.deepEqual([timeouts, signs, states], [[1000, 1000, 100], ["5500 1 false"], []]);
    await clock.moveTo(6_500);
    assert.deepEqual([timeouts.at(-1), states], [1000, ["6500 1 down bad"]]);
    assert.deepEqual(probed, ["0 1", "5000 1", "5500 1", "6500 1"]);
    await prober.close();
  });

  it("of what is suspected does not wait for a probe that is under way, and nothing is counted of that", async () => {
    const { clock, prober, probed, signs, results } = createRig();
    prober.update([backend(1)]);
    await clock.moveTo(100);
    prober.prove(1, true);
    await clock.moveTo(100);
    assert.deepEqual([probed, signs, results], [["0 1", "100 1"], [], []]);
    await prober.close();
  });
});

describe("Prober.update", () => {
  it("keeps state and schedule of what did not change", async () => {
    const { clock, prober, probed, states, answers } = createRig();
    answers.set("1", false);
    answers.set("2", true);
    prober.update([backend(1)]);
    await clock.moveTo(2_500);
    prober.update([backend(1), backend(2)]);
    assert.equal(prober.state(1), "down");
    await clock.moveTo(7_000);
    assert.deepEqual(probed, ["0 1", "1000 1", "2000 1", "2500 2", "7000 1"]);
    assert.equal(states.length, 1);
    await prober.close();
  });

  it("keeps the state under a new plan, so that an end of it is told", async () => {
    const { clock, prober, states, answers } = createRig();
    answers.set("1", false);
    prober.update([backend(1)]);
    await clock.moveTo(2_000);
    prober.update([backend(1, { rise: 1 })]);
    assert.equal(prober.state(1), "down");
    answers.set("1", true);
    await clock.moveTo(2_000);
    assert.deepEqual(states, ["2000 1 down bad", "2000 1 up good"]);
    await prober.close();
  });

  it("takes another endpoint in the same slot for a new backend", async () => {
    const { clock, prober, answers } = createRig();
    answers.set("1", false);
    prober.update([backend(1)]);
    await clock.moveTo(2_000);
    prober.update([{ ...backend(1), endpoint: parseEndpoint("192.0.2.1:2") }]);
    assert.equal(prober.state(1), "up");
    await prober.close();
  });

  it("forgets what left, and does not count its last probe", async () => {
    const { clock, prober, results, states } = createRig();
    prober.update([backend(1, { fall: 1 })]);
    await clock.moveTo(100);
    prober.update([]);
    await clock.moveTo(60_000);
    assert.equal(prober.state(1), undefined);
    assert.deepEqual([results, states], [[], []]);
    assert.equal(clock.timers, 0);
    await prober.close();
  });
});

describe("Prober.close", () => {
  it("ends what runs, what waits and what is scheduled, without a callback", async () => {
    const { clock, prober, probed, results } = createRig({ maxConcurrent: 1 });
    prober.update([backend(1), backend(2), backend(3)]);
    await clock.moveTo(2_000);
    await prober.close();
    await clock.moveTo(60_000);
    assert.deepEqual([probed, results], [["0 1"], []]);
    assert.equal(clock.timers, 0);
  });

  it("may be called from a callback", async () => {
    const states: number[] = [];
    const rig = createRig({
      onResult: () => void rig.prober.close(),
      onState: (slot) => states.push(slot),
    });
    rig.answers.set("1", false);
    rig.prober.update([backend(1, { fall: 1 })]);
    await rig.clock.moveTo(60_000);
    assert.deepEqual([rig.probed, states], [["0 1"], []]);
  });
});
