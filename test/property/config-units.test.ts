/** Units: what is written reads back, and the written form is the shortest. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { formatAffinity, parseAffinity } from "#src/config/affinity.js";
import {
  DURATION_PATTERN,
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
  SIZE_PATTERN,
  UnitError,
} from "#src/config/units.js";

const whole = fc.oneof(
  fc.nat({ max: 100_000_000_000 }),
  fc.tuple(fc.nat(1_000), fc.constantFrom(1, 1_000, 60_000, 1_024, 1_048_576)).map(([a, b]) => a * b),
);

describe("durations and sizes", () => {
  it("round trip", () => {
    fc.assert(
      fc.property(whole, (value) => {
        assert.equal(parseDuration(formatDuration(value)), value);
        assert.equal(parseSize(formatSize(value)), value);
        assert.match(formatDuration(value), new RegExp(`^${DURATION_PATTERN}$`));
        assert.match(formatSize(value), new RegExp(`^${SIZE_PATTERN}$`));
      }),
    );
  });

  it("are written no longer than in the smallest unit", () => {
    fc.assert(
      fc.property(whole, (value) => {
        assert.ok(formatDuration(value).length <= `${value}ms`.length);
        assert.ok(formatSize(value).length <= `${value}KiB`.length);
      }),
    );
  });

  it("with a fraction are exact or refused", () => {
    fc.assert(
      fc.property(
        fc.nat(100_000),
        fc.nat(999),
        fc.constantFrom("ms", "s", "m", "h"),
        (units, thousandths, unit) => {
          const text = `${units}.${String(thousandths).padStart(3, "0")}${unit}`;
          const factor = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }[unit] ?? 0;
          // In whole numbers: thousandths of a millisecond.
          const exact = (units * 1_000 + thousandths) * factor;
          if (exact % 1_000 === 0) assert.equal(parseDuration(text), exact / 1_000);
          else assert.throws(() => parseDuration(text), UnitError);
        },
      ),
    );
  });

  it("throw nothing but UnitError", () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9.]{0,30}(ms|s|m|h|B|KiB)?$/));
    fc.assert(
      fc.property(text, (garbage) => {
        for (const parse of [parseDuration, parseSize]) {
          try {
            const value = parse(garbage);
            assert.ok(Number.isSafeInteger(value) && value >= 0);
          } catch (error) {
            assert.ok(error instanceof UnitError, String(error));
          }
        }
      }),
    );
  });
});

describe("affinity", () => {
  it("round trips", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 32 }), fc.integer({ min: 1, max: 128 }), (prefix4, prefix6) => {
        const affinity = { kind: "client-ip", prefix4, prefix6 } as const;
        assert.deepEqual(parseAffinity(formatAffinity(affinity)), affinity);
      }),
    );
  });
});
