import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLogger } from "./logger.js";
import { findActivatedSockets, listInherited } from "./socket-activation.js";

const HEAD =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode";
const row = (local: string, remote: string, inode: number) =>
  `  12: ${local} ${remote} 07 00000000:00000000 00:00000000 00000000     0        0 ${inode} 2 0 0`;

/** As much of procfs as is read, with these links of descriptors. */
function makeProc(t: TestContext, links: Readonly<Record<number, string>>): string {
  const proc = mkdtempSync(join(tmpdir(), "sluice-proc-"));
  t.after(() => rmSync(proc, { recursive: true }));
  for (const folder of ["net", "fd"]) mkdirSync(join(proc, folder));
  const none = "00000000:0000";
  const four = [
    row("0100007F:0035", none, 41),
    row("00000000:0202", none, 42),
    row("0100007F:0036", "0100007F:1000", 43),
  ];
  const six = [row(`${"0".repeat(32)}:0035`, `${"0".repeat(32)}:0000`, 44)];
  const local = row(`B80D0120${"0".repeat(16)}01000000:0035`, `${"0".repeat(32)}:0000`, 45);
  writeFileSync(join(proc, "net/udp"), [HEAD, ...four, ""].join("\n"));
  writeFileSync(join(proc, "net/udp6"), [HEAD, ...six, local, ""].join("\n"));
  for (const [fd, target] of Object.entries(links)) symlinkSync(target, join(proc, "fd", fd));
  return proc;
}

test("findActivatedSockets: reads what each descriptor is bound to", (t) => {
  const proc = makeProc(t, { 3: "socket:[41]", 4: "socket:[42]", 5: "socket:[44]", 6: "socket:[45]" });
  const env = { LISTEN_FDS: "4", LISTEN_PID: "77", LISTEN_FDNAMES: "dns:syslog" };
  assert.deepEqual(findActivatedSockets(env, 77, proc), [
    { fd: 3, name: "dns", address: "127.0.0.1:53" },
    { fd: 4, name: "syslog", address: "0.0.0.0:514" },
    { fd: 5, name: "unknown", address: "[::]:53" },
    { fd: 6, name: "unknown", address: "[2001:db8::1]:53" },
  ]);
});

test("findActivatedSockets: files, other sockets, connected ones and closed descriptors have no address", (t) => {
  const proc = makeProc(t, { 3: "/dev/null", 4: "socket:[999]", 5: "socket:[43]" });
  const sockets = findActivatedSockets({ LISTEN_FDS: "4" }, 77, proc);
  assert.deepEqual(
    sockets.map(({ address }) => address),
    [undefined, undefined, undefined, undefined],
  );
  const lines: string[] = [];
  const output = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: "info", format: "json", colorize: false, output });
  assert.deepEqual(listInherited(sockets, log), []);
  assert.equal(lines.length, 4);
  assert.match(lines[0] ?? "", /"fd":3.*left alone/);
});

test("findActivatedSockets: nothing for another process, or without a number", (t) => {
  const proc = makeProc(t, { 3: "socket:[41]" });
  assert.deepEqual(findActivatedSockets({ LISTEN_FDS: "1", LISTEN_PID: "78" }, 77, proc), []);
  for (const count of ["", "0", "-1", "one", "1e3"]) {
    assert.deepEqual(findActivatedSockets({ LISTEN_FDS: count }, 77, proc), [], count);
  }
  assert.deepEqual(findActivatedSockets({}, 77, proc), []);
});
