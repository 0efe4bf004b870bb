import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ConfigError } from "./config-error.js";
import { loadConfigFile, loadConfigText } from "./load-config.js";
import type { CheckedConfig } from "./parse-config.js";

const YAML = `listeners:
  - address: 127.0.0.1:2525
pools:
  - backends: [127.0.0.1:2526]
`;

/** The message of the ConfigError that loading `text` as `f.yaml` throws. */
function messageOf(text: string): string {
  try {
    loadConfigText(text, "f.yaml");
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.ok(error.problems.length > 0);
    return error.message;
  }
  return "";
}

describe("loadConfigText", () => {
  it("reads YAML", () => {
    const { config, warnings } = loadConfigText(YAML);
    assert.equal(config.listeners[0].name, "127.0.0.1:2525");
    assert.deepEqual(warnings, []);
  });

  it("reads JSON, also with tabs, a byte order mark and CRLF", () => {
    const value = { listeners: [{ address: "127.0.0.1:2525" }], pools: [{ backends: ["127.0.0.1:2526"] }] };
    const plain = loadConfigText(YAML).config;
    assert.deepEqual(loadConfigText(JSON.stringify(value)).config, plain);
    assert.deepEqual(loadConfigText(JSON.stringify(value, null, "\t")).config, plain);
    assert.deepEqual(loadConfigText(`\ufeff${JSON.stringify(value, null, 2)}`).config, plain);
    assert.deepEqual(loadConfigText(YAML.replaceAll("\n", "\r\n")).config, plain);
  });

  it("reads the short form", () => {
    const { config } = loadConfigText("listen: 127.0.0.1:1\nbackends: [127.0.0.1:2]\n");
    assert.equal(config.pools[0].name, "default");
  });

  it("follows anchors", () => {
    const text = `listeners:
  - { address: 127.0.0.1:1, session: &short { idleTimeout: 3s } }
  - { address: 127.0.0.1:2, session: *short }
pools: [{ backends: [127.0.0.1:3] }]
`;
    assert.equal(loadConfigText(text).config.listeners[1].session.idleTimeoutMs, 3_000);
    assert.match(
      messageOf(text.replace("3s", "3")),
      /^f\.yaml:2:60: listeners\[0\]\.session\.idleTimeout: found 3 /,
    );
  });

  it("merges maps, and finds what is wrong where it is written", () => {
    const text = `listeners:
  - &first { address: 127.0.0.1:1, session: { idleTimeout: 3s } }
  - { <<: *first, address: 127.0.0.1:2 }
pools:
  - backends:
      - &one { address: 127.0.0.1:3, weight: 5 }
      - <<: *one
        address: 127.0.0.1:4
`;
    const { config } = loadConfigText(text);
    assert.deepEqual(
      config.listeners.map(({ addressText, session }) => [addressText, session.idleTimeoutMs]),
      [
        ["127.0.0.1:1", 3_000],
        ["127.0.0.1:2", 3_000],
      ],
    );
    assert.deepEqual(
      config.pools[0].backends.map(({ addressText, weight }) => [addressText, weight]),
      [
        ["127.0.0.1:3", 5],
        ["127.0.0.1:4", 5],
      ],
    );
    assert.equal(
      messageOf(text.replace("weight", "wieght")),
      'f.yaml:6:38: pools[0].backends[0].wieght: unknown key; did you mean "weight"?\n' +
        'f.yaml:6:38: pools[0].backends[1].wieght: unknown key; did you mean "weight"?',
    );
  });

  it("gives warnings their place", () => {
    const text = `${YAML.replace("- backends", "- name: a\n    backends")}  - name: b\n    backends: [127.0.0.1:1]\n`;
    const { warnings } = loadConfigText(text.replace("2525", "2525\n    pool: a"), "f.yaml");
    assert.deepEqual(warnings, [
      { file: "f.yaml", line: 7, column: 5, path: "pools[1]", message: 'no listener uses the pool "b"' },
    ]);
  });
});

describe("loadConfigText: the place of a problem", () => {
  const text = `# a comment
listeners:
  - name: dns
    address: 127.0.0.1:2525
    session:
      idleTimeout:   120
  - adress: "127.0.0.1:5"
pools:
  - name: default
    backends:
      - 127.0.0.1:2526
      - { address: 127.0.0.1:2527, weight: -1 }
plan: auto
limits:
`;
  const expected = [
    "f.yaml:6:22: listeners[0].session.idleTimeout: found 120 without a unit, expected a duration from 1ms to 24h",
    "f.yaml:7:5: listeners[1].address: missing, expected an IP address and port such as 0.0.0.0:53 or [::]:53",
    'f.yaml:7:5: listeners[1].adress: unknown key; did you mean "address"?',
    "f.yaml:12:44: pools[0].backends[1].weight: found -1, expected a whole number from 0 to 65535",
    'f.yaml:13:1: plan: unknown key; did you mean "plane"?',
    "f.yaml:14:8: limits: found nothing, expected a map",
  ];

  it("is the value, the key when that is unknown, the map when a key is missing", () => {
    assert.deepEqual(messageOf(text).split("\n"), expected);
  });

  it("is the same with CRLF and a byte order mark", () => {
    assert.deepEqual(messageOf(`\ufeff${text.replaceAll("\n", "\r\n")}`).split("\n"), expected);
  });

  it("is right in JSON", () => {
    const json = `{\n  "listeners": [],\n  "pools": [{ "backends": ["x"] }]\n}`;
    assert.deepEqual(
      messageOf(json)
        .split("\n")
        .map((line) => line.split(": ").slice(0, 2)),
      [
        ["f.yaml:2:16", "listeners"],
        ["f.yaml:3:28", "pools[0].backends[0]"],
      ],
    );
  });

  it("is in the text of the short form", () => {
    const short = "listen: 127.0.0.1:1\nbackends:\n  - 127.0.0.1:2\n  - address: 127.0.0.1:3\n    wait: 1\n";
    assert.match(messageOf(short), /^f\.yaml:5:5: backends\[1\]\.wait: unknown key/);
  });
});

describe("loadConfigText: text that is no config", () => {
  const cases: [string, string, RegExp][] = [
    ["empty text", "", /^f\.yaml: empty, expected a config$/],
    ["only comments", "# nothing\n\n", /^f\.yaml: empty, expected a config$/],
    ["null", "null", /^f\.yaml:1:1: found nothing, expected a map/],
    ["a scalar", "5", /^f\.yaml:1:1: found 5, expected a map/],
    ["NUL", "a: \0", /^f\.yaml: contains NUL, expected text in UTF-8$/],
    [
      "a key twice",
      `${YAML}plane: auto\nplane: auto\n`,
      /^f\.yaml:6:1: plane: this key is here twice, expected it once$/,
    ],
    [
      "a key twice, deep inside",
      YAML.replace("- address", "- address: x\n    address"),
      /^f\.yaml:3:5: listeners\[0\]\.address: this key is here twice/,
    ],
    [
      "a key twice in JSON",
      '{"plane": "auto", "plane": "auto"}',
      /^f\.yaml:1:19: plane: this key is here twice/,
    ],
    ["two documents", `${YAML}---\n${YAML}`, /^f\.yaml:5:1: a second document begins here/],
    [
      "a tab",
      "listeners:\n\t- address: 127.0.0.1:1",
      /^f\.yaml:2:1: found a tab as indentation, expected spaces/,
    ],
    ["an open quote", 'plane: "auto', /^f\.yaml:1:13: not valid YAML: missing closing "quote/],
    ["an open bracket", "pools: [", /^f\.yaml:1:9: not valid YAML: /],
    ["two values on a line", "a: b: c", /^f\.yaml:1:4: found a second key on this line/],
    [
      "an IPv6 address without quotes",
      "listeners:\n  - address: [::]:53\n",
      /^f\.yaml:2:18: .*; an IPv6 address needs quotes here, such as "\[::\]:53"$/,
    ],
    ["a tag", "plane: !env PLANE", /^f\.yaml:1:8: found the tag "!env", expected a value without a tag/],
    ["a list as a key", "? [a]\n: 1", /^f\.yaml:1:3: found a key that is not text/],
    [
      "an unknown alias",
      "plane: *x",
      /^f\.yaml:1:8: plane: unknown alias "\*x", expected an anchor "&x" before it$/,
    ],
    [
      "an anchor inside itself",
      "&a [*a]",
      /^f\.yaml:1:5: \[0\]: the alias "\*a" is inside of what it stands for$/,
    ],
    ["deep brackets", "[".repeat(1_000_000), /^f\.yaml:1:51: nested too deep for a config$/],
    ["deep braces over lines", "{a:\n".repeat(100_000), /^f\.yaml:51:1: nested too deep/],
    ["deep lists on a line", "- ".repeat(100_000), /^f\.yaml:1:\d+: nested too deep/],
    ["deep keys", "? ".repeat(100_000), /^f\.yaml:1:\d+: nested too deep/],
    ["deep keys in brackets", `[${"? ".repeat(100_000)}`, /^f\.yaml:1:\d+: nested too deep/],
    ["deep values on a line", "a: ".repeat(100_000), /^f\.yaml:1:\d+: nested too deep/],
    [
      "deep indentation",
      Array.from({ length: 2_500 }, (_, i) => `${" ".repeat(i)}a:\n`).join(""),
      /^f\.yaml:202:1: nested too deep/,
    ],
  ];
  for (const [what, text, message] of cases) {
    it(`refuses ${what}`, () => assert.match(messageOf(text), message));
  }

  it("refuses aliases that multiply", () => {
    const lines = ["a0: &a0 [x]"];
    for (let i = 1; i < 20; i++) lines.push(`a${i}: &a${i} [${`*a${i - 1},`.repeat(9)}]`);
    assert.match(
      messageOf(lines.join("\n")),
      /^f\.yaml:6:\d+: a5\[\d\]: too many aliases, expected that all of them .* at most 100000 values$/,
    );
  });

  it("refuses merge keys that multiply", () => {
    const lines = ["a0: &a0 {x: 1}"];
    for (let i = 1; i < 60; i++) lines.push(`a${i}: &a${i} {<<: [*a${i - 1}, *a${i - 1}]}`);
    assert.match(messageOf(lines.join("\n")), /^f\.yaml:\d+:\d+: a\d+\["<<"\]\[\d\]: too many aliases, /);
  });

  it("refuses a map of 50,000 keys without comparing them in pairs", () => {
    const text = Array.from({ length: 50_000 }, (_, i) => `key${i}: 1\n`).join("");
    assert.match(messageOf(text), /and 49982 more problems$/);
  });
});

describe("loadConfigFile", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "sluice-config-"));
  });
  after(() => rm(folder, { recursive: true }));

  async function load(content: string | Uint8Array): Promise<CheckedConfig> {
    const file = join(folder, "test.yaml");
    await writeFile(file, content);
    return loadConfigFile(file);
  }
  const refusal = (end: string) => (error: unknown) =>
    error instanceof ConfigError && error.problems.length === 1 && error.message.endsWith(end);

  it("reads a file", async () => {
    const { config, warnings } = loadConfigText(YAML);
    assert.deepEqual(await load(YAML), {
      config: { ...config, file: join(folder, "test.yaml") },
      warnings,
    });
  });
  it("names the file in problems", async () => {
    await assert.rejects(load("plane: x"), (error: Error) =>
      error.message.includes(`${join(folder, "test.yaml")}:1:8: plane: `),
    );
  });
  it("refuses a file that is not there", async () => {
    const file = join(folder, "nowhere.yaml");
    await assert.rejects(loadConfigFile(file), { name: "ConfigError", message: `${file}: no such file` });
  });
  it("refuses a directory", async () => {
    await assert.rejects(loadConfigFile(folder), refusal(": this is a directory, expected a file"));
  });
  it("refuses an empty file", async () => {
    await assert.rejects(load(""), refusal(": empty, expected a config"));
  });
  it("refuses a file over 4 MiB, and reads one of just 4 MiB", async () => {
    const limit = 4 * 1024 * 1024;
    const padded = (size: number) => `${YAML}#`.padEnd(size, "x");
    await assert.rejects(load(padded(limit + 1)), refusal(": larger than 4 MiB, expected a config"));
    assert.equal((await load(padded(limit))).config.pools.length, 1);
  });
  it("refuses bytes that are not UTF-8, and NUL", async () => {
    await assert.rejects(load(Uint8Array.of(0x61, 0xff)), refusal(": not text in UTF-8"));
    await assert.rejects(load(Uint8Array.of(0x61, 0)), refusal(": contains NUL, expected text in UTF-8"));
  });
  it("refuses a path with NUL", async () => {
    await assert.rejects(loadConfigFile("a\0b"), ConfigError);
  });
});
