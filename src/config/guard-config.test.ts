import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { listsOf } from "../core/guard/prefix-set.js";
import { writeIpWords } from "../core/ip-words.js";
import { compileSnapshot } from "./compile.js";
import type { ConfigInput } from "./config.js";
import { ConfigError } from "./config-error.js";
import { diffConfigs } from "./diff.js";
import type { GuardConfig, GuardInput } from "./guard-config.js";
import { loadConfigFile } from "./load-config.js";
import { parseConfig } from "./parse-config.js";
import { SlotRegistry } from "./slots.js";

function input(guard: GuardInput): ConfigInput {
  return {
    listeners: [{ name: "main", address: "127.0.0.1:1", guard }],
    pools: [{ backends: ["127.0.0.1:2"] }],
  };
}

const guardOf = (guard: GuardInput) => parseConfig(input(guard)).listeners[0].guard;

/** deny, allow, exempt: whether an address is on each list. */
function lists(guard: GuardConfig | undefined, address: string): string {
  const words = new Uint32Array(4);
  assert.ok(guard?.prefixes && writeIpWords(address, words, 0));
  const found = listsOf(guard.prefixes, words);
  return ["deny", "allow", "exempt"].filter((_, bit) => found & (1 << bit)).join();
}

function problems(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

function temporaryFile(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-guard-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "list.txt");
  writeFileSync(file, text);
  return file;
}

describe("a listener's guard", () => {
  it("is left out where it limits nothing", () => {
    assert.equal(guardOf({}), undefined);
    assert.equal(
      guardOf({ maxTracked: 64, perClient: { prefix4: 24 }, deny: [], amplification: "none" }),
      undefined,
    );
  });

  it("has its rates in the units of the snapshot, and every default", () => {
    const guard = guardOf({
      perClient: { datagrams: "1000/s", bytes: "1MiB/s", newFlows: "50/s", burst: "2s" },
    });
    const { written, ...rest } = guard ?? assert.fail();
    assert.deepEqual(rest, {
      prefixes: undefined,
      allowOnly: false,
      perClient: {
        prefix4: 32,
        prefix6: 64,
        datagramsPerS: 1000,
        bytesPerS: 1_048_576,
        newFlowsPerS: 50,
        burstMs: 2000,
      },
      perNetwork: {
        prefix4: 24,
        prefix6: 56,
        datagramsPerS: 0,
        bytesPerS: 0,
        newFlowsPerS: 0,
        burstMs: 1000,
      },
      amplification: 0,
      maxTracked: 65_536,
    });
    const config = parseConfig(input({ amplification: 3 }));
    const { guard: compiled } = compileSnapshot(config, new SlotRegistry(), 1, 10).listeners[0];
    assert.equal(compiled?.amplification, 3);
    assert.equal(Object.hasOwn(compiled ?? {}, "written"), false);
    assert.deepEqual(structuredClone(compiled), compiled, "it can be posted to a worker");
  });

  it("takes networks and single addresses of both families", () => {
    const guard = guardOf({
      deny: ["10.0.0.0/8", "2001:db8::1"],
      allow: ["10.1.0.0/16"],
      exempt: ["10.1.0.1"],
    });
    assert.equal(guard?.allowOnly, true);
    assert.equal(lists(guard, "10.1.0.1"), "deny,allow,exempt");
    assert.equal(lists(guard, "10.1.0.2"), "deny,allow");
    assert.equal(lists(guard, "2001:db8::1"), "deny");
    assert.equal(lists(guard, "2001:db8::2"), "");
  });

  it("says what is wrong with each value", () => {
    const found = problems(() =>
      guardOf({
        deny: ["10.0.0.1/8", "fe80::1%eth0"],
        perClient: { datagrams: "0/s", bytes: "1000/s", prefix4: 33, burst: "1ms" },
        amplification: 0,
        perNetwerk: {},
      } as GuardInput),
    );
    assert.equal(found.length, 8, found.join("\n"));
    for (const [i, pattern] of [
      /guard\.deny\[0\].*10\.0\.0\.0\/8/,
      /guard\.deny\[1\].*zone/,
      /datagrams.*found "0\/s".*1\/s to/,
      /bytes.*without a unit/,
      /prefix4.*0 to 32/,
      /burst.*10ms to/,
      /amplification.*none or a whole number/,
      /perNetwerk.*perNetwork/,
    ].entries()) {
      assert.ok(
        found.some((line) => pattern.test(line)),
        `${i} ${pattern} in\n${found.join("\n")}`,
      );
    }
  });
});

describe("files of networks", () => {
  it("are read from beside the config file, with comments", async (t) => {
    const list = temporaryFile(t, "# ours\n10.0.0.0/8 # lab\r\n\n  2001:db8::/32\n192.0.2.1");
    const file = join(list, "..", "sluice.json");
    writeFileSync(file, JSON.stringify(input({ denyFile: "list.txt", deny: ["198.51.100.0/24"] })));
    const { config } = await loadConfigFile(file);
    const { guard } = config.listeners[0];
    for (const address of ["10.9.9.9", "2001:db8:1::", "192.0.2.1", "198.51.100.7"])
      assert.equal(lists(guard, address), "deny");
    assert.equal(lists(guard, "192.0.2.2"), "");
  });

  it("change a listener when their content does, and not otherwise", (t) => {
    const file = temporaryFile(t, "10.0.0.0/8\n");
    const before = parseConfig(input({ denyFile: file }));
    writeFileSync(file, "# the same\n10.0.0.0/8");
    const same = parseConfig(input({ denyFile: file }));
    assert.deepEqual(diffConfigs(before, same).listeners.changed, []);
    writeFileSync(file, "10.0.0.0/9");
    assert.deepEqual(diffConfigs(before, parseConfig(input({ denyFile: file }))).listeners.changed, ["main"]);
  });

  it("are refused with the lines that are wrong", (t) => {
    const file = temporaryFile(t, "10.0.0.0/8\nnonsense\n10.0.0.1/8\n");
    const found = problems(() => guardOf({ denyFile: file }));
    assert.equal(found.length, 2, found.join("\n"));
    assert.match(found[0], /^listeners\[0\]\.guard\.denyFile: line 2 of .*nonsense/);
    assert.match(found[1], /line 3 of .*10\.0\.0\.0\/8/);
  });

  it("are refused when they cannot be read, without waiting for a pipe", (t) => {
    const file = temporaryFile(t, "");
    const pipe = join(file, "..", "pipe");
    if (process.platform !== "win32") execFileSync("mkfifo", [pipe]);
    assert.match(problems(() => guardOf({ denyFile: join(file, "..", "none.txt") })).join(), /ENOENT/);
    assert.match(problems(() => guardOf({ denyFile: join(file, "..") })).join(), /EISDIR|not a file/);
    if (process.platform !== "win32")
      assert.match(problems(() => guardOf({ denyFile: pipe })).join(), /not a file/);
  });

  it("may be empty for deny, but not for allow, which would let nobody in", (t) => {
    const file = temporaryFile(t, "# nothing\n");
    assert.deepEqual(
      problems(() => guardOf({ denyFile: file })),
      [],
    );
    assert.match(problems(() => guardOf({ allowFile: file })).join(), /allowFile: .*would let nobody in/);
    assert.deepEqual(
      problems(() => guardOf({ allowFile: file, allow: ["10.0.0.0/8"] })),
      [],
    );
  });
});
