import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";

const skip = process.platform === "win32" ? "Windows has no signals to send" : false;
const PROGRAM = `
  import { watchSignals } from ${JSON.stringify(new URL("./signals.js", import.meta.url).href)};
  const nothing = () => {};
  watchSignals({ onStop: nothing, onReload: nothing, onUpgrade: nothing }).close();
  process.stdin.on("data", () => process.exit(0));
  console.log("closed");
`;

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR2"] as const) {
  test(`watchSignals: ${signal} while the process ends does not make it fail`, { skip }, async (t) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", PROGRAM]);
    t.after(() => child.kill("SIGKILL"));
    const ended = once(child, "close");
    await once(child.stdout, "data");
    child.kill(signal);
    child.stdin.write("end\n");
    assert.deepEqual(await ended, [0, null]);
  });
}
