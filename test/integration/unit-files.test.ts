/** The systemd units of contrib/: that systemd accepts them, and that they say what docs/operations.md relies on. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { needs } from "../support/needs.js";
import { runProgram } from "../support/run-cli.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";

const contrib = fileURLToPath(new URL("../../contrib/", import.meta.url));
const UNITS = ["sluice.service", "sluice.socket"] as const;

/** Section → key → values. Throws at a line that is neither comment, section nor assignment. */
function parseUnit(text: string): Map<string, Map<string, string[]>> {
  const sections = new Map<string, Map<string, string[]>>();
  let section: Map<string, string[]> | undefined;
  for (const line of text.split("\n").filter((one) => one !== "" && !one.startsWith("#"))) {
    const [, head] = /^\[(\w+)\]$/.exec(line) ?? [];
    const [, key = "", value = ""] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (head !== undefined) {
      section = new Map();
      sections.set(head, section);
    } else {
      assert.ok(key !== "" && section !== undefined, `unexpected line: ${line}`);
      section.set(key, [...(section.get(key) ?? []), value]);
    }
  }
  return sections;
}

const read = (name: string): string => readFileSync(join(contrib, name), "utf8");

test("contrib/sluice.service: says what a hardened service needs, and leaves V8 its compiler", () => {
  const service = parseUnit(read("sluice.service")).get("Service");
  const expected = {
    Type: "notify",
    DynamicUser: "yes",
    NoNewPrivileges: "yes",
    ProtectSystem: "strict",
    MemoryDenyWriteExecute: "no",
    AmbientCapabilities: "CAP_NET_BIND_SERVICE",
    CapabilityBoundingSet: "CAP_NET_BIND_SERVICE",
  };
  for (const [key, value] of Object.entries(expected)) assert.deepEqual(service?.get(key), [value], key);
  for (const key of ["LimitNOFILE", "WatchdogSec", "ExecReload"]) assert.ok(service?.has(key), key);
  assert.match(service?.get("ExecStart")?.[0] ?? "", /^\/\S+\/sluice run --config \S+/);
});

test("contrib/sluice.socket: passes datagram sockets that workers can share to the service", () => {
  const socket = parseUnit(read("sluice.socket")).get("Socket");
  assert.ok(socket?.has("ListenDatagram") && !socket.has("ListenStream"));
  assert.deepEqual(socket?.get("ReusePort"), ["yes"]);
  assert.deepEqual(socket?.get("Service"), ["sluice.service"]);
});

test("contrib: systemd accepts both units", needs("systemd-analyze"), async (t) => {
  const folder = createTemporaryFolder((remove) => t.after(remove));
  for (const name of UNITS) {
    // Verifying includes that the program is there, which it need not be on the machine that tests.
    writeFileSync(join(folder, name), read(name).replace("/usr/local/bin/sluice", process.execPath));
  }
  const { code, stderr } = await runProgram("systemd-analyze", [
    "verify",
    "--man=no",
    ...UNITS.map((name) => join(folder, name)),
  ]);
  const ours = stderr.split("\n").filter((line) => line.includes("sluice"));
  assert.deepEqual({ code, ours }, { code: 0, ours: [] });
});
