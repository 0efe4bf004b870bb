/** What only a program that embeds the balancer sees: events, and names of listeners on free ports. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createBalancer } from "#src/index.js";

const onlyLinux = { skip: process.platform === "linux" ? false : "the batched plane needs Linux" };

test("createBalancer: warnings from its start reach who subscribes afterwards", onlyLinux, async () => {
  await using balancer = await createBalancer({
    listen: "127.0.0.1:0",
    backends: ["[fe80::1%nosuch0]:9"],
    plane: "batched",
    workers: 1,
  });
  // A program may well do something else first.
  await delay(20);
  const codes: string[] = [];
  balancer.on("warning", ({ code }) => codes.push(code));
  await delay(0);
  assert.deepEqual(codes, ["no_zone"]);
});

test("createBalancer: the short form takes several free ports of one address", async () => {
  await using balancer = await createBalancer({
    listen: ["127.0.0.1:0", "127.0.0.1:0"],
    backends: ["127.0.0.1:9"],
  });
  const names = balancer.listeners.map(({ name }) => name);
  assert.deepEqual(names, ["127.0.0.1:0", "127.0.0.1:0#2"]);
  assert.equal(new Set(balancer.listeners.map(({ address }) => address)).size, 2);
});
