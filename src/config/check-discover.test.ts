/** `pools[].discover`, through `parseConfig`: what it comes to, and what is refused. */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import type { Config } from "./config.js";
import { ConfigError, formatProblem } from "./config-error.js";
import { type DiscoverInput, describeSource } from "./discover.js";
import { loadConfigText } from "./load-config.js";
import { checkConfig, parseConfig } from "./parse-config.js";

function withSources(...discover: DiscoverInput[]) {
  return { listeners: [{ address: "127.0.0.1:2525" }], pools: [{ discover }] };
}

function problemsOf(input: unknown): string[] {
  try {
    parseConfig(input);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

const sourcesOf = ({ pools }: Config) => pools[0].discover;

describe("pools[].discover", () => {
  it("makes a pool without static backends, and without a warning about that", () => {
    const { config, warnings } = checkConfig(withSources({ dns: "game.example.org:27015" }));
    assert.deepEqual(config.pools[0].backends, []);
    assert.deepEqual(warnings, []);
  });

  it("fills in the defaults of each kind", () => {
    const shared = {
      family: "any",
      resolvers: [],
      minIntervalMs: 5_000,
      maxIntervalMs: 300_000,
      namePrefix: "",
    };
    const sources = sourcesOf(
      parseConfig(
        withSources({ dns: "game.example.org.:27015" }, { srv: "_sip._udp.example.org" }, { file: "b.yaml" }),
      ),
    );
    assert.deepEqual(sources, [
      { kind: "dns", name: "game.example.org", port: 27_015, weight: 1, backup: false, ...shared },
      { kind: "srv", name: "_sip._udp.example.org", ...shared },
      { kind: "file", path: resolve("b.yaml") },
    ]);
    assert.deepEqual(sources.map(describeSource), [
      "dns game.example.org:27015",
      "srv _sip._udp.example.org",
      `file ${resolve("b.yaml")}`,
    ]);
  });

  it("takes a relative path as relative to the config file", () => {
    const text = JSON.stringify(withSources({ file: "b.yaml" }, { file: "/etc/b.yaml" }));
    const { config } = loadConfigText(text, "/srv/sluice/sluice.yaml");
    assert.deepEqual(sourcesOf(config), [
      { kind: "file", path: "/srv/sluice/b.yaml" },
      { kind: "file", path: "/etc/b.yaml" },
    ]);
  });

  const cases: [string, DiscoverInput, string][] = [
    ["no kind", {}, ": missing, expected one of dns, srv, file"],
    ["two kinds", { dns: "a:1", file: "b" }, ".file: found dns and file in one source, expected one of them"],
    [
      "a key of another kind",
      { file: "b", family: "ipv4" },
      ".family: does not go with file, only with dns and srv",
    ],
    ["a weight for SRV", { srv: "a.b", weight: 2 }, ".weight: does not go with srv, only with dns"],
    [
      "no port",
      { dns: "a.b" },
      '.dns: found "a.b", expected a host name and port such as game.example.org:27015',
    ],
    [
      "port 0",
      { dns: "a.b:0" },
      '.dns: found "a.b:0", expected a host name and port such as game.example.org:27015',
    ],
    [
      "an address as a name",
      { dns: "192.0.2.1:53" },
      '.dns: found "192.0.2.1:53", expected a host name, not an IP address; addresses belong under backends',
    ],
    [
      "an IPv6 address as a name",
      { dns: "[2001:db8::1]:53" },
      '.dns: found "[2001:db8::1]:53", expected a host name, not an IP address; addresses belong under backends',
    ],
    ["a bad name", { srv: "a..b" }, '.srv: found "a..b", expected a name such as _sip._udp.example.org'],
    [
      "no name server",
      { srv: "a.b", resolvers: [] },
      ".resolvers: found an empty list, expected at least one name server",
    ],
    [
      "a longest interval below the shortest",
      { dns: "a:1", maxInterval: "2s" },
      ".maxInterval: found 2s, expected at least minInterval (5s)",
    ],
    [
      "a shortest interval above the longest",
      { dns: "a:1", minInterval: "10m" },
      ".minInterval: found 10m, expected at most maxInterval (5m)",
    ],
    ["a typo", { dsn: "a:1", dns: "a:1" } as DiscoverInput, '.dsn: unknown key; did you mean "dns"?'],
  ];
  for (const [what, source, expected] of cases) {
    it(`refuses ${what}`, () =>
      assert.deepEqual(problemsOf(withSources(source)), [`pools[0].discover[0]${expected}`]));
  }

  it("refuses a pool with neither backends nor sources", () => {
    const message = "pools[0].backends: missing, expected a list of backends";
    assert.deepEqual(problemsOf(withSources()), [message]);
    assert.deepEqual(problemsOf({ listeners: [{ address: "127.0.0.1:1" }], pools: [{}] }), [message]);
  });

  it("says where in the file a problem is", () => {
    const text =
      "listeners: [{ address: 127.0.0.1:1 }]\npools:\n  - discover:\n      - file: b.yaml\n        weight: 2\n";
    assert.throws(
      () => loadConfigText(text, "sluice.yaml"),
      (error: ConfigError) => {
        assert.deepEqual(error.problems.map(formatProblem), [
          "sluice.yaml:5:9: pools[0].discover[0].weight: does not go with file, only with dns",
        ]);
        return true;
      },
    );
  });
});
