/** Principle 3 of ARCHITECTURE.md: the packet path allocates nothing. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { HEAP_FLAGS } from "../support/heap-growth.js";

/** The smallest thing that V8 allocates takes 16 bytes, so one for every eighth datagram is noticed. */
const BOUND_BYTES = 2;

/** What a program of test/support prints: a case and its bytes a line. */
async function measure(program: string): Promise<{ bytes: number }[]> {
  const path = fileURLToPath(new URL(`../support/${program}.js`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...HEAP_FLAGS, path]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

const tooMuch = ({ bytes }: { bytes: number }) => !(bytes < BOUND_BYTES);

describe("the packet path of the forwarder", () => {
  it("takes no heap, whatever the affinity, policy and guard", async () => {
    const results = await measure("measure-allocation");
    assert.equal(results.length, 19);
    assert.deepEqual(results.filter(tooMuch), []);
  });
});

describe("system calls of the batched plane", () => {
  const skip = process.platform === "linux" ? false : "needs Linux";
  it("take no heap", { skip }, async () => {
    const [array, ...calls] = await measure("measure-call-allocation");
    assert.ok(tooMuch(array), "what allocates is seen");
    assert.equal(calls.length, 4);
    assert.deepEqual(calls.filter(tooMuch), []);
  });
});
