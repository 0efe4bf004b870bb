import assert from "node:assert/strict";
import { test } from "node:test";
import { createLineOutput } from "./log-output.js";

/** A descriptor that takes so many bytes at a time, or fails. */
function openFake() {
  const state = { taken: "", error: undefined as string | undefined, atATime: 1000, failures: 0 };
  const write = (_fd: number, bytes: Uint8Array): number => {
    if (state.error !== undefined && state.failures-- > 0) {
      throw Object.assign(new Error(state.error), { code: state.error });
    }
    const part = bytes.subarray(0, state.atATime);
    state.taken += Buffer.from(part).toString();
    return part.length;
  };
  const note = (lost: number, reason: string) => `${lost} lost: ${reason}\n`;
  return { state, output: createLineOutput(2, note, write) };
}

test("createLineOutput: whole lines, however little is taken at a time", () => {
  const { state, output } = openFake();
  state.atATime = 3;
  output.write("a line\n");
  output.write("another\n");
  assert.equal(state.taken, "a line\nanother\n");
});

test("createLineOutput: lines are dropped while the disk is full, and counted", () => {
  const { state, output } = openFake();
  Object.assign(state, { error: "ENOSPC", failures: 3 });
  for (const line of ["1\n", "2\n", "3\n", "4\n", "5\n"]) output.write(line);
  assert.equal(state.taken, "3 lost: ENOSPC\n4\n5\n");
});

test("createLineOutput: a slow reader gets a few chances, not for ever", () => {
  const { state, output } = openFake();
  Object.assign(state, { error: "EAGAIN", failures: 5 });
  output.write("slow\n");
  assert.equal(state.taken, "slow\n");
  state.failures = 20;
  output.write("never\n");
  output.write("next\n");
  assert.equal(state.taken, "slow\n1 lost: EAGAIN\nnext\n");
});
