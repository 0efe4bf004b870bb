import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Turns } from "./turns.js";

describe("Turns", () => {
  it("runs one thing at a time, in the order of the calls", async () => {
    const turns = new Turns();
    const seen: string[] = [];
    const step = (name: string) => async () => {
      seen.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(`${name} ends`);
      return name;
    };
    assert.deepEqual(await Promise.all([turns.take(step("a")), turns.take(step("b"))]), ["a", "b"]);
    assert.deepEqual(seen, ["a begins", "a ends", "b begins", "b ends"]);
  });

  it("goes on after a failure, of which it tells before the next turn", async () => {
    const turns = new Turns();
    const seen: string[] = [];
    const failing = turns.take(
      () => Promise.reject(new Error("no")),
      (error) => seen.push(error.message),
    );
    const next = turns.take(() => seen.push("next"));
    await assert.rejects(failing, /no/);
    await next;
    assert.deepEqual(seen, ["no", "next"]);
  });

  it("is over when all that was asked for until then is", async () => {
    const turns = new Turns();
    const seen: string[] = [];
    void turns.take(() => seen.push("a"));
    turns.take(() => Promise.reject(new Error("no"))).catch(() => seen.push("b"));
    await turns.over();
    assert.deepEqual(seen, ["a", "b"]);
  });
});
