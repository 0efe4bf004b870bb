import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigError } from "./config-error.js";
import { diffConfigs } from "./diff.js";
import { PLAIN_PROBES } from "./health-config.js";
import { loadConfigText } from "./load-config.js";
import { parseConfig } from "./parse-config.js";

function parseHealth(health: unknown) {
  return parseConfig({
    listeners: [{ address: "127.0.0.1:1" }],
    pools: [{ backends: ["127.0.0.1:2"], health }],
  }).pools[0].health;
}

function parseProbe(probe: unknown) {
  return parseHealth({ probe })?.probe;
}

/** What is said of a config, as `path: message` lines. */
function problemsOf(health: unknown): string[] {
  try {
    parseHealth(health);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ path, message }) => `${path.replace("pools[0].health", "")}: ${message}`);
  }
  return [];
}

describe("healthSchema", () => {
  it("sends no probes unless asked to", () => {
    const [pool] = parseConfig({ listen: "127.0.0.1:1", backends: ["127.0.0.1:2"] }).pools;
    assert.equal("health" in pool, false);
  });

  it("fills in every default", () => {
    assert.deepEqual(parseHealth({ probe: "tcp" }), {
      probe: { type: "tcp" },
      intervalMs: 5_000,
      timeoutMs: 1_000,
      rise: 2,
      fall: 3,
      jitterPercent: 10,
      fastIntervalMs: 1_000,
      port: 0,
    });
  });

  it("reads the place to probe", () => {
    const health = parseHealth({ probe: "tcp", port: 81, address: "192.0.2.1" });
    assert.equal(health?.port, 81);
    assert.deepEqual(health?.address?.words, [0, 0, 0xffff, 0xc0000201]);
  });

  it("refuses what is out of bounds, or cannot be sent to", () => {
    const health = {
      probe: "tcp",
      interval: "1ms",
      timeout: 5,
      rise: 0,
      jitter: 51,
      port: 0,
      address: "::",
      fal: 2,
    };
    assert.deepEqual(
      problemsOf(health).sort(),
      [
        '.fal: unknown key; did you mean "fall"?',
        '.interval: found "1ms", expected a duration from 100ms to 1h',
        ".timeout: found 5 without a unit, expected a duration from 10ms to 1m",
        ".rise: found 0, expected a whole number from 1 to 100",
        ".jitter: found 51, expected a whole number from 0 to 50",
        ".port: found 0, expected a whole number from 1 to 65535",
        '.address: found "::", expected the address of one server: a wildcard cannot be sent to',
      ].sort(),
    );
    assert.equal(problemsOf({}).length, 1);
    assert.match(problemsOf({})[0], /^\.probe: missing, expected a type \(ping, udp, .*\) or a map/);
  });

  it("shows a changed probe as a changed pool", () => {
    const config = (health: unknown) =>
      parseConfig({ listen: "127.0.0.1:1", backends: ["127.0.0.1:2"], health });
    const changes = (a: unknown, b: unknown) => diffConfigs(config(a), config(b)).pools.changed;
    assert.deepEqual(changes({ probe: "tcp" }, { probe: "ping" }), ["default"]);
    assert.deepEqual(changes({ probe: "tcp" }, undefined), ["default"]);
    assert.deepEqual(changes({ probe: "tcp" }, { probe: { type: "tcp" }, interval: "5000ms" }), []);
  });
});

describe("probeSchema", () => {
  for (const type of PLAIN_PROBES) {
    it(`takes ${type} alone as the map with its type`, () => {
      assert.deepEqual(parseProbe(type), parseProbe({ type }));
    });
  }

  it("fills in the defaults of probes", () => {
    assert.deepEqual(parseProbe("udp"), { type: "udp", sendHex: "", expect: { kind: "none" } });
    assert.deepEqual(parseProbe("dns"), { type: "dns", name: ".", recordType: "NS", rcodes: ["NOERROR"] });
    assert.deepEqual(parseProbe("sip"), { type: "sip", uri: "", status: ["200-407", "409-499"] });
    assert.deepEqual(parseProbe("https"), {
      type: "https",
      method: "GET",
      path: "/",
      status: ["200-399"],
      host: "",
      insecure: false,
    });
  });

  it("reads bytes in every form to the same", () => {
    const sent = (send: unknown) => (parseProbe({ type: "udp", send }) as { sendHex: string }).sendHex;
    for (const send of ["ÿJ", { hex: "C3BF4A" }, { base64: "w79K" }]) assert.equal(sent(send), "c3bf4a");
    const expected = (expect: unknown) => (parseProbe({ type: "udp", expect }) as { expect: unknown }).expect;
    assert.deepEqual(expected({ text: "A" }), { kind: "bytes", hex: "41" });
    assert.deepEqual(expected({ regex: "^A" }), { kind: "regex", pattern: "^A" });
  });

  it("reads a secret, or the place of one", () => {
    assert.deepEqual(parseProbe({ type: "radius", secret: "s" }), { type: "radius", secret: { text: "s" } });
    assert.deepEqual(parseProbe({ type: "radius", secret: { file: "/f" } }), {
      type: "radius",
      secret: { file: "/f" },
    });
  });

  const REFUSED: readonly (readonly [string, unknown, RegExp])[] = [
    ["an unknown type", "dsn", /^\.probe: found "dsn", expected one of ping, .*exec; did you mean "dns"\?$/],
    ["an unknown type in a map", { type: "radus" }, /^\.probe\.type: found "radus", .*mean "radius"\?$/],
    ["a map without a type", { name: "." }, /^\.probe\.type: missing, expected one of ping, udp/],
    ["a type of another kind", { type: 5 }, /^\.probe\.type: found 5, expected one of ping/],
    ["radius alone", "radius", /^\.probe: "radius" needs options, expected .*\{ type: radius, secret: … \}$/],
    ["exec alone", "exec", /needs options, expected a map such as \{ type: exec, command: … \}$/],
    ["a list", ["tcp"], /^\.probe: found a list, expected a type \(ping/],
    [
      "an option of another type",
      { type: "dns", path: "/" },
      /^\.probe\.path: unknown key, expected type, name, recordType, rcodes$/,
    ],
    ["a mistyped option", { type: "dns", nam: "." }, /^\.probe\.nam: unknown key; did you mean "name"\?$/],
    ["a bad name", { type: "dns", name: "a..b" }, /^\.probe\.name: found "a\.\.b", expected a domain name$/],
    ["a long label", { type: "dns", name: "a".repeat(64) }, /expected a domain name$/],
    [
      "odd hex",
      { type: "udp", send: { hex: "abc" } },
      /^\.probe\.send\.hex: found "abc", expected hex digits/,
    ],
    ["two forms", { type: "udp", send: { hex: "", base64: "" } }, /found 2 of them, expected exactly one/],
    ["no form", { type: "udp", expect: {} }, /^\.probe\.expect: found none of them, expected exactly one/],
    ["a bad pattern", { type: "udp", expect: { regex: "(" } }, /regex: found "\(", expected a regular expr/],
    ["a bad range", { type: "http", status: ["400-200"] }, /status\[0\]: found "400-200", expected a status/],
    ["one status", { type: "http", status: 200 }, /^\.probe\.status: found 200, expected a list of statuses/],
    ["a path without slash", { type: "http", path: "x" }, /^\.probe\.path: found "x", expected a path such/],
    [
      "no program",
      { type: "exec", command: [] },
      /^\.probe\.command: found an empty list, expected a program$/,
    ],
    ["a shell line", { type: "exec", command: "a b" }, /^\.probe\.command: found "a b", expected a list/],
    ["a number as secret", { type: "radius", secret: 12345 }, /^\.probe\.secret: expected text or \{ file/],
  ];
  for (const [what, probe, message] of REFUSED) {
    it(`refuses ${what}`, () => {
      const problems = problemsOf({ probe });
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0], message);
      assert.doesNotMatch(problems[0], /12345/);
    });
  }

  it("points at the line of an option in a file", () => {
    const file =
      "listen: 127.0.0.1:1\nbackends: [127.0.0.1:2]\nhealth:\n  probe:\n    type: dns\n    nam: x\n";
    assert.throws(() => loadConfigText(file, "f"), { message: /^f:6:5: health\.probe\.nam: unknown key/ });
  });
});
