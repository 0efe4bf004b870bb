import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseEndpoint } from "../../core/address.js";
import { createEnvironment, createExecProbe } from "./exec.js";

const never = new AbortController().signal;
const target = parseEndpoint("[2001:db8::1]:53");

async function run(command: readonly string[], timeoutMs = 5_000, signal = never) {
  const { ok, reason } = await createExecProbe({ type: "exec", command }).run(target, timeoutMs, signal);
  return [ok, reason];
}
const node = (script: string) => [process.execPath, "-e", script];

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("createExecProbe", () => {
  it("takes exit code 0, and tells the program where the backend is", async () => {
    const script =
      "process.exit(process.env.SLUICE_BACKEND_ADDRESS === '2001:db8::1' && process.env.SLUICE_BACKEND_PORT === '53' ? 0 : 9)";
    assert.deepEqual(await run(node(script)), [true, "exit code 0"]);
  });
  it("fails by any other", async () => {
    assert.deepEqual(await run(node("process.exit(3)")), [false, "exit code 3"]);
    assert.deepEqual(await run(node("process.kill(process.pid, 'SIGTERM')")), [false, "ended by SIGTERM"]);
  });
  it("kills a program that takes too long", async () => {
    assert.deepEqual(await run(node("setInterval(() => {}, 1000)"), 100), [false, "killed after 100ms"]);
  });
  it("ends what the program started, also when that outlives it", {
    skip: process.platform === "win32",
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-test-"));
    const file = join(folder, "pid");
    const script = `sleep 1000 & echo $! > ${file}`;
    assert.deepEqual(await run(["/bin/sh", "-c", script]), [true, "exit code 0"]);
    const pid = Number(readFileSync(file, "utf8"));
    rmSync(folder, { recursive: true });
    // Gone, or dead and waiting for its parent to ask.
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
  });
  it("kills it when it is aborted", async () => {
    assert.deepEqual(await run(node("setInterval(() => {}, 1000)"), 5_000, AbortSignal.timeout(20)), [
      false,
      "given up",
    ]);
  });
  it("fails when there is no such program", async () => {
    assert.deepEqual(await run(["/nonexistent/check"]), [false, "cannot run: no such file"]);
  });
  it("reads nothing as a shell would", async () => {
    assert.deepEqual(
      await run([
        process.execPath,
        "-e",
        "process.exit(process.argv[1] === '$HOME;exit' ? 0 : 1)",
        "$HOME;exit",
      ]),
      [true, "exit code 0"],
    );
  });
});

describe("createEnvironment", () => {
  it("has nothing of ours but a path and a locale", () => {
    const names = Object.keys(createEnvironment(target)).sort();
    assert.deepEqual(names, ["LANG", "PATH", "SLUICE_BACKEND_ADDRESS", "SLUICE_BACKEND_PORT"]);
  });
});
