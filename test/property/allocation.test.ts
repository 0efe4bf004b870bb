/** Principle 3 of ARCHITECTURE.md: the packet path allocates nothing. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const program = fileURLToPath(new URL("../support/measure-allocation.js", import.meta.url));
/** The smallest thing that V8 allocates takes 16 bytes, so one for every eighth datagram is noticed. */
const BOUND_BYTES = 2;

describe("the packet path of the forwarder", () => {
  it("takes no heap, whatever the affinity, policy and guard", async () => {
    const flags = ["--expose-gc", "--min-semi-space-size=256", "--max-semi-space-size=256", program];
    const { stdout } = await promisify(execFile)(process.execPath, flags);
    const results = stdout.trim().split("\n");
    assert.equal(results.length, 19);
    for (const line of results) assert.ok(JSON.parse(line).bytes < BOUND_BYTES, line);
  });
});
