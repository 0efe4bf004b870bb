/** The guard's schema: the edges of every value, and what is said beyond them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatPath } from "./key-path.js";
import { MAX_NETWORKS } from "./networks.js";
import { toFindings } from "./schema-findings.js";
import { guardSchema } from "./schema-guard.js";

function problemsOf(guard: unknown): string[] {
  const { error } = guardSchema.safeParse(guard, { reportInput: true });
  return toFindings(error?.issues ?? [], 10).map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

describe("guardSchema", () => {
  it("fills in every default; networks are wider than clients", () => {
    const rates = { datagrams: 0, bytes: 0, newFlows: 0, burst: 1_000 };
    assert.deepEqual(guardSchema.parse({}), {
      deny: [],
      allow: [],
      exempt: [],
      denyFile: "none",
      allowFile: "none",
      perClient: { prefix4: 32, prefix6: 64, ...rates },
      perNetwork: { prefix4: 24, prefix6: 56, ...rates },
      amplification: 0,
      maxTracked: 65_536,
    });
  });

  it("takes rates from the least to the most", () => {
    const { perClient, perNetwork } = guardSchema.parse({
      perClient: { datagrams: "1/s", bytes: "1B/s", newFlows: "none", burst: "10ms", prefix4: 0, prefix6: 0 },
      perNetwork: {
        datagrams: "100000000/s",
        bytes: "100GiB/s",
        newFlows: "5/s",
        burst: "1m",
        prefix4: 32,
        prefix6: 128,
      },
    });
    assert.deepEqual(perClient, { datagrams: 1, bytes: 1, newFlows: 0, burst: 10, prefix4: 0, prefix6: 0 });
    assert.deepEqual(perNetwork, {
      datagrams: 100_000_000,
      bytes: 107_374_182_400,
      newFlows: 5,
      burst: 60_000,
      prefix4: 32,
      prefix6: 128,
    });
  });

  const rate = "expected none or a rate from 1/s to 100000000/s";
  const bytes = "expected none or bytes a second from 1B/s to 100GiB/s";
  const rateCases: [object, string][] = [
    [{ datagrams: "0/s" }, `datagrams: found "0/s", ${rate}`],
    [{ datagrams: "100000001/s" }, `datagrams: found "100000001/s", ${rate}`],
    [{ datagrams: 1000 }, `datagrams: found 1000 without a unit, ${rate}`],
    [{ newFlows: null }, `newFlows: found nothing, ${rate}`],
    [{ newFlows: "5/m" }, 'newFlows: found "5/m", expected a rate such as 1000/s'],
    [{ bytes: "0B/s" }, `bytes: found "0B/s", ${bytes}`],
    [{ bytes: "101GiB/s" }, `bytes: found "101GiB/s", ${bytes}`],
    [{ bytes: "1MiB" }, 'bytes: found "1MiB", expected bytes a second such as 64KiB/s or 1MiB/s'],
    [{ burst: "9ms" }, 'burst: found "9ms", expected a duration from 10ms to 1m'],
    [{ burst: "none" }, 'burst: found "none", expected a duration such as 500ms, 120s, 2m or 1h'],
    [{ prefix4: 33 }, "prefix4: found 33, expected a whole number from 0 to 32"],
    [{ prefix6: 129 }, "prefix6: found 129, expected a whole number from 0 to 128"],
  ];
  for (const key of ["perClient", "perNetwork"]) {
    for (const [rates, expected] of rateCases) {
      it(`refuses ${JSON.stringify(rates)} in ${key}`, () =>
        assert.deepEqual(problemsOf({ [key]: rates }), [`${key}.${expected}`]));
    }
  }

  const cases: [unknown, string][] = [
    [true, ": found true, expected a map"],
    [{ perClient: "1/s" }, 'perClient: found "1/s", expected a map'],
    [{ deny: "10.0.0.0/8" }, 'deny: found "10.0.0.0/8", expected a list of networks'],
    [
      { exempt: [5] },
      "exempt[0]: found 5, expected a network such as 10.0.0.0/8 or 2001:db8::/32, or an address",
    ],
    [{ denyFile: "" }, 'denyFile: found "", expected none or the path of a file'],
    [{ allowFile: "a\0b" }, 'allowFile: found "a\\u0000b", expected none or the path of a file'],
    [{ allowFile: ["a"] }, "allowFile: found a list, expected none or the path of a file"],
    [{ amplification: 0 }, "amplification: found 0, expected none or a whole number from 1 to 1000"],
    [{ amplification: 1001 }, "amplification: found 1001, expected none or a whole number from 1 to 1000"],
    [
      { amplification: "some" },
      'amplification: found "some", expected none or a whole number from 1 to 1000',
    ],
    [{ maxTracked: 63 }, "maxTracked: found 63, expected a whole number from 64 to 1048576"],
    [{ maxTracked: 1_048_577 }, "maxTracked: found 1048577, expected a whole number from 64 to 1048576"],
  ];
  for (const [guard, expected] of cases) {
    it(`refuses ${JSON.stringify(guard)}`, () => assert.deepEqual(problemsOf(guard), [expected]));
  }

  it("takes as many networks as a list may have", () => {
    assert.equal(guardSchema.parse({ deny: Array(MAX_NETWORKS).fill("::1") }).deny.length, MAX_NETWORKS);
    assert.deepEqual(problemsOf({ allow: Array(MAX_NETWORKS + 1).fill("::1") }), [
      "allow: expected at most 65536 networks",
    ]);
  });
});
