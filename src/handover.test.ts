import assert from "node:assert/strict";
import { test } from "node:test";
import { compileSnapshot } from "./config/compile.js";
import { parseConfig } from "./config/parse-config.js";
import { SlotRegistry } from "./config/slots.js";
import type { ListedFlow } from "./core/list-flows.js";
import { nameBindings, packBindings } from "./handover.js";

/** A snapshot whose backends have these names, in this order of slots. */
function makeSnapshot(affinity: string, ...names: string[]) {
  const config = parseConfig({
    listeners: [{ name: "main", address: "127.0.0.1:53" }],
    pools: [
      { name: "pool", affinity, backends: names.map((name, n) => ({ name, address: `127.0.0.1:${n + 1}` })) },
    ],
  });
  return compileSnapshot(config, new SlotRegistry(), 1, 100);
}

const ADDRESSES = new Map([[0, "127.0.0.1:53"]]);
const listed = (client: string, backendSlot: number, open = true): ListedFlow =>
  ({ client, listenerSlot: 0, backendSlot, open }) as ListedFlow;

test("bindings: slots of one process become those of another, by names", () => {
  const before = makeSnapshot("client", "a", "b");
  const named = nameBindings([listed("10.0.0.1:4000", 1), listed("[2001:db8::1]:5", 0)], before, ADDRESSES);
  assert.deepEqual(named[0], {
    client: "10.0.0.1:4000",
    listener: "127.0.0.1:53",
    pool: "pool",
    backend: "b",
  });
  const after = makeSnapshot("client", "c", "b", "a");
  const packed = packBindings(named, after, ADDRESSES);
  assert.deepEqual([...packed], [0, 0, 0xffff, 0x0a000001, 4000, 1, 0x20010db8, 0, 0, 1, 5, 2]);
});

test("bindings: what the new config does not know is left out", () => {
  const named = nameBindings(
    [listed("10.0.0.1:1", 0), listed("10.0.0.1:2", 1)],
    makeSnapshot("client", "a", "b"),
    ADDRESSES,
  );
  assert.equal(packBindings(named, makeSnapshot("client", "b"), ADDRESSES).length, 6);
  assert.equal(
    packBindings(named, makeSnapshot("client", "a", "b"), new Map([[0, "127.0.0.1:54"]])).length,
    0,
  );
});

test("bindings: only of flows that still take requests, in pools with an affinity", () => {
  assert.deepEqual(
    nameBindings([listed("10.0.0.1:1", 0, false)], makeSnapshot("client", "a"), ADDRESSES),
    [],
  );
  assert.deepEqual(nameBindings([listed("10.0.0.1:1", 0)], makeSnapshot("none", "a"), ADDRESSES), []);
});
