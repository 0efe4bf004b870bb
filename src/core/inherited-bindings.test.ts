import assert from "node:assert/strict";
import { test } from "node:test";
import { InheritedBindings } from "./inherited-bindings.js";
import type { Route } from "./routing.js";

/** As much of a route as counts here. */
const makeRoute = (affinity: Route["affinity"], poolSlot = 0): Route =>
  ({ affinity, poolSlot, prefix4: 24, prefix6: 56, idleTimeoutMs: 1000 }) as Route;

const ip = (last: number) => [0, 0, 0xffff, 0x0a000000 + last];
const listenerAndPort = (listener: number, port: number) => ((listener << 16) | port) >>> 0;
const flow = (last: number, listener: number, port: number, backend: number) => [
  ...ip(last),
  listenerAndPort(listener, port),
  backend,
];

function make(flows: number[][], routes: (Route | undefined)[]): InheritedBindings {
  return new InheritedBindings(Uint32Array.from(flows.flat()), routes, { seed: 1, nowMs: 5000 });
}

test("InheritedBindings: with affinity client each address and port has its own, once", () => {
  const route = makeRoute("client");
  const bindings = make([flow(1, 0, 40, 7), flow(1, 0, 41, 8), flow(1, 1, 40, 9)], [route, route]);
  const take = (listener: number, port: number) =>
    bindings.take(route, Uint32Array.from(ip(1)), listenerAndPort(listener, port), 5001);
  assert.equal(take(0, 40), 7);
  assert.equal(take(0, 40), -1);
  assert.equal(take(1, 40), 9);
  assert.equal(take(0, 42), -1);
  assert.equal(bindings.isOver([route, route], 5001), false);
  assert.equal(take(0, 41), 8);
  assert.equal(bindings.isOver([route, route], 5001), true);
});

test("InheritedBindings: with affinity client-ip the network of one pool has one, whatever port and listener", () => {
  const [first, second, other] = [makeRoute("client-ip"), makeRoute("client-ip"), makeRoute("client-ip", 1)];
  const bindings = make([flow(1, 0, 40, 7), flow(2, 1, 50, 7)], [first, second, other]);
  const key = Uint32Array.from(ip(99));
  assert.equal(bindings.take(other, key, listenerAndPort(2, 60), 5001), -1);
  assert.equal(bindings.take(second, key, listenerAndPort(1, 60), 5001), 7);
  assert.equal(bindings.take(first, key, listenerAndPort(0, 40), 5001), -1);
});

test("InheritedBindings: nothing for affinity none and for listeners that are gone", () => {
  const route = makeRoute("none");
  const bindings = make([flow(1, 0, 40, 7), flow(1, 5, 40, 7)], [route]);
  assert.equal(bindings.isOver([route], 5000), true);
});

test("InheritedBindings: over when the idle timeout has passed", () => {
  const route = makeRoute("client");
  const bindings = make([flow(1, 0, 40, 7)], [route]);
  assert.equal(bindings.isOver([route], 5999), false);
  assert.equal(bindings.isOver([route], 6000), true);
  assert.equal(bindings.take(route, Uint32Array.from(ip(1)), listenerAndPort(0, 40), 6000), -1);
});
