import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { formatPath } from "./key-path.js";
import { configSchema } from "./schema.js";
import { toFindings } from "./schema-findings.js";

function findingsOf(schema: z.ZodType, value: unknown, max = 10) {
  return toFindings(schema.safeParse(value, { reportInput: true }).error?.issues ?? [], max);
}

describe("toFindings", () => {
  const number = z.number("not a number").min(5, { error: "too small" });
  const map = z.strictObject({ a: number }, { error: "not a map" });
  const either = z.object({ x: z.union([number, map], { error: "neither" }) });

  it("speaks of the alternative of a union that was meant", () => {
    const cases: [unknown, string][] = [
      [3, "x: too small"],
      [{ a: 3 }, "x.a: too small"],
      [{ a: "b" }, "x.a: not a number"],
      ["b", "x: neither"],
      [null, "x: neither"],
    ];
    for (const [x, expected] of cases) {
      const found = findingsOf(either, { x }).map(({ path, message }) => `${formatPath(path)}: ${message}`);
      assert.deepEqual(found, [expected]);
    }
  });

  it("does not count the letters of a text in place of a list", () => {
    const list = z.array(z.string(), "not a list").min(1, "too short").max(3, "too long");
    const messages = (value: unknown) => findingsOf(z.array(list), value).map(({ message }) => message);
    assert.deepEqual(messages(["abcd", "", []]), ["not a list", "not a list", "too short"]);
    assert.deepEqual(messages([["a", "b", "c", "d"]]), ["too long"]);
  });

  it("says the same of one place only once", () => {
    const twice = z
      .string()
      .refine(() => false, "bad")
      .refine(() => false, "bad")
      .refine(() => false, "worse");
    assert.deepEqual(
      findingsOf(z.array(twice), ["a", "b"]).map(({ path, message }) => [path[0], message]),
      [
        [0, "bad"],
        [0, "worse"],
        [1, "bad"],
        [1, "worse"],
      ],
    );
  });

  const LISTENERS = [{ address: "127.0.0.1:1" }];
  it("points at the key itself when that is unknown, and names those of the probe's type", () => {
    const probe = { type: "ntp", stratum: 5 };
    const pools = [{ backends: [{ address: "127.0.0.1:2", wieght: 2 }], health: { probe } }];
    const findings = findingsOf(configSchema, { listeners: LISTENERS, pools });
    assert.deepEqual(
      findings.map(({ path, message, target }) => [formatPath(path), message, target]),
      [
        ["pools[0].health.probe.stratum", "unknown key, expected type, maxStratum", "key"],
        ["pools[0].backends[0].wieght", 'unknown key; did you mean "weight"?', "key"],
      ],
    );
  });

  it("names at most so many unknown keys of a map", () => {
    const extra = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`key${i}`, i]));
    const pools = [{ backends: ["127.0.0.1:2"], ...extra }];
    const paths = findingsOf(configSchema, { listeners: LISTENERS, pools, zzz: 1 }, 3).map(({ path }) =>
      path.at(-1),
    );
    assert.deepEqual(paths, ["key0", "key1", "key2", "zzz"]);
  });
});
