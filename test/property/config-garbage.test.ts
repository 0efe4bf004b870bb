/** Configs: whatever the text or the value is, it is accepted or refused with a ConfigError that says something. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { ConfigError } from "#src/config/config-error.js";
import { loadConfigText } from "#src/config/load-config.js";
import { parseConfig } from "#src/config/parse-config.js";
import { parseBackendFlag } from "#src/config/short-form.js";
import { validConfig } from "./config-arbitrary.js";

/** Words of zod, V8 and the yaml package that must not reach people. */
const RAW =
  /invalid input|invalid_|is not a function|cannot read prop|undefined|\[object|unrecognized|too (big|small)/i;

/** Fails unless `act` succeeds or throws a ConfigError in our own words. */
function refusesWell(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof ConfigError, error instanceof Error ? error.stack : String(error));
    assert.ok(error.problems.length > 0);
    for (const { message, line, column } of error.problems) {
      assert.ok(message.trim().length > 5, message);
      // What was found is quoted from the input, so only the rest is ours.
      assert.doesNotMatch(message.replace(/"([^"\\]|\\.)*"/g, ""), RAW);
      assert.ok(line === undefined || (line >= 1 && Number.isInteger(line)), String(line));
      assert.ok(column === undefined || (column >= 1 && Number.isInteger(column)), String(column));
    }
  }
}

/** A valid text with some of its characters replaced, removed or repeated. */
const mutatedText = fc
  .tuple(
    fc
      .tuple(validConfig, fc.boolean())
      .map(([input, isYaml]) => (isYaml ? stringify(input) : JSON.stringify(input))),
    fc.array(
      fc.tuple(
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.nat({ max: 8 }),
        fc.oneof(
          fc.constantFrom(
            "",
            ":",
            ": ",
            "- ",
            "[",
            "]",
            "{",
            "}",
            '"',
            "'",
            "&a ",
            "*a",
            "!x ",
            "|",
            ">",
            "#",
            "\n",
            "\t",
            "? ",
          ),
          fc.constantFrom(
            "~",
            "null",
            ".nan",
            ".inf",
            "-1",
            "1e400",
            "0x10",
            "<<: ",
            "---\n",
            "%YAML 9\n",
            "__proto__: ",
          ),
          fc.string({ unit: "binary", maxLength: 3 }),
        ),
      ),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([text, edits]) =>
    edits.reduce((whole, [where, length, insert]) => {
      const at = Math.floor(where * whole.length);
      return whole.slice(0, at) + insert + whole.slice(at + length);
    }, text),
  );

/** Any value put at any place of a valid config. */
const mutatedValue = fc
  .tuple(
    validConfig,
    fc.array(fc.nat(), { minLength: 1, maxLength: 5 }),
    fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSparseArray: true,
    }),
  )
  .map(([input, steps, value]) => {
    const copy = structuredClone(input) as unknown;
    let place = copy as Record<string, unknown>;
    for (const [i, step] of steps.entries()) {
      const keys = Object.keys(place);
      if (keys.length === 0) break;
      const key = keys[step % keys.length];
      const inner = place[key];
      if (i === steps.length - 1 || typeof inner !== "object" || inner === null) {
        place[key] = value;
        break;
      }
      place = inner as Record<string, unknown>;
    }
    return copy;
  });

describe("loadConfigText", () => {
  it("throws nothing but ConfigError for mutated configs", () => {
    fc.assert(
      fc.property(mutatedText, (text) => refusesWell(() => loadConfigText(text, "f"))),
      { numRuns: 1_000 },
    );
  });
  it("throws nothing but ConfigError for any text", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: "binary" }),
          fc.string({ unit: fc.constantFrom(..."{}[]:,-?&*!|>'\"%@` #\n\ta1~<"), maxLength: 40 }),
        ),
        (text) => refusesWell(() => loadConfigText(text, "f")),
      ),
      { numRuns: 2_000 },
    );
  });
});

describe("parseConfig", () => {
  it("throws nothing but ConfigError for a valid config with any value in it", () => {
    fc.assert(
      fc.property(mutatedValue, (value) => refusesWell(() => parseConfig(value))),
      { numRuns: 1_000 },
    );
  });
  it("throws nothing but ConfigError for any value, in either form", () => {
    const either = fc.oneof(
      fc.anything(),
      fc.record(
        { listen: fc.anything(), backends: fc.anything(), grace: fc.anything() },
        { requiredKeys: [] },
      ),
      fc.record({ listeners: fc.anything(), pools: fc.array(fc.anything()) }),
    );
    fc.assert(
      fc.property(either, (value) => refusesWell(() => parseConfig(value))),
      { numRuns: 1_000 },
    );
  });
});

describe("parseBackendFlag", () => {
  it("throws nothing but ConfigError", () => {
    const text = fc.oneof(
      fc.string(),
      fc
        .array(fc.constantFrom("127.0.0.1:1", ",", "=", "weight", "name", "x"))
        .map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(text, (flag) => refusesWell(() => parseBackendFlag(flag))),
      { numRuns: 500 },
    );
  });
});
