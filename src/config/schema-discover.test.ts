/** The values of a source, one by one. What goes with which kind is tested in `check-discover.test.ts`. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatPath } from "./key-path.js";
import { discoverSchema } from "./schema-discover.js";
import { toFindings } from "./schema-findings.js";

function problemsOf(source: unknown): string[] {
  const { error } = discoverSchema.safeParse(source, { reportInput: true });
  return toFindings(error?.issues ?? [], 10).map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

describe("discoverSchema", () => {
  it("takes every value at its edges", () => {
    const least = { minInterval: "1s", maxInterval: "1s", weight: 0, family: "ipv4" };
    const most = { minInterval: "24h", maxInterval: "24h", weight: 65_535, file: "x".repeat(4096) };
    assert.equal(discoverSchema.parse(least).minInterval, 1_000);
    assert.equal(discoverSchema.parse(most).maxInterval, 86_400_000);
    const resolvers = Array.from({ length: 8 }, (_, i) => `127.0.0.${i + 1}:53`);
    assert.equal(discoverSchema.parse({ resolvers }).resolvers?.length, 8);
  });

  const interval = "expected a duration from 1s to 24h";
  const cases: [object, string][] = [
    [{ dns: 53 }, "dns: found 53, expected a host name and port such as game.example.org:27015"],
    [{ srv: null }, "srv: found nothing, expected a name such as _sip._udp.example.org"],
    [{ srv: "a..b" }, 'srv: found "a..b", expected a name such as _sip._udp.example.org'],
    [{ dns: "a..:53" }, 'dns: found "a..:53", expected a host name and port such as game.example.org:27015'],
    [{ file: "" }, 'file: found "", expected the path of a file'],
    [{ file: "a\0" }, 'file: found "a\\u0000", expected the path of a file'],
    [{ file: "x".repeat(4097) }, `file: found "${"x".repeat(60)}…", expected the path of a file`],
    [{ family: "ipv5" }, 'family: found "ipv5", expected one of any, ipv4, ipv6; did you mean "ipv4"?'],
    [{ resolvers: "127.0.0.1:53" }, 'resolvers: found "127.0.0.1:53", expected a list of name servers'],
    [{ resolvers: Array(9).fill("127.0.0.1:53") }, "resolvers: expected at most 8 name servers"],
    [
      { resolvers: ["127.0.0.1:53", "0.0.0.0:53"] },
      'resolvers[1]: found "0.0.0.0:53", expected the address of one server: a wildcard cannot be sent to',
    ],
    [{ minInterval: "999ms" }, `minInterval: found "999ms", ${interval}`],
    [{ maxInterval: "25h" }, `maxInterval: found "25h", ${interval}`],
    [{ maxInterval: 60 }, `maxInterval: found 60 without a unit, ${interval}`],
    [{ weight: -1 }, "weight: found -1, expected a whole number from 0 to 65535"],
    [{ backup: 1 }, "backup: found 1, expected true or false"],
    [
      { namePrefix: "" },
      'namePrefix: found "", expected a name of 1 to 100 letters, digits and . _ - : [ ] %',
    ],
  ];
  for (const [source, expected] of cases) {
    it(`refuses ${JSON.stringify(source).slice(0, 60)}`, () =>
      assert.deepEqual(problemsOf(source), [expected]));
  }
});
