import assert from "node:assert/strict";
import { test } from "node:test";
import { addRates, NO_RATES, ratesBetween, total } from "./rates.js";
import { backendView, listenerView, reading } from "./views.testing.js";

test("ratesBetween divides by the time on the server's clock", () => {
  const before = reading({ status: { uptimeMs: 1000 }, backends: [backendView({ sent: 100 })] });
  const after = reading({ atMs: 0, status: { uptimeMs: 3000 }, backends: [backendView({ sent: 500 })] });
  assert.deepEqual(ratesBetween(before, after).backends.get("web/a"), { requests: 200, replies: 200 });
});

test("ratesBetween knows nothing of what is new, or began anew under an old name", () => {
  const before = reading({ backends: [backendView({ name: "old", sent: 100 })] });
  const backends = [backendView({ name: "old", sent: 3 }), backendView({ name: "new", sent: 5 })];
  const rates = ratesBetween(before, reading({ status: { uptimeMs: 2000 }, backends }));
  assert.deepEqual(
    [...rates.backends.values()],
    [
      { requests: null, replies: null },
      { requests: null, replies: null },
    ],
  );
});

test("ratesBetween says nothing across a restart, and when no time has passed", () => {
  const before = reading({ listeners: [listenerView("a", 10)] });
  const restarted = reading({ status: { uptimeMs: 2000, pid: 2 }, listeners: [listenerView("a", 20)] });
  assert.equal(ratesBetween(before, restarted), NO_RATES);
  const samePid = reading({ status: { uptimeMs: 900 }, listeners: [listenerView("a", 20)] });
  assert.equal(ratesBetween(before, samePid), NO_RATES);
  assert.equal(ratesBetween(before, before), NO_RATES);
});

test("ratesBetween lists only reasons for which something was dropped", () => {
  const before = reading({
    status: { drops: { denied: 1, too_big: 7 } as never },
    listeners: [listenerView("a", 0, { denied: 1 })],
  });
  const after = reading({
    status: { uptimeMs: 1500, drops: { denied: 4, too_big: 7 } as never },
    listeners: [listenerView("a", 0, { denied: 4 })],
  });
  const rates = ratesBetween(before, after);
  assert.deepEqual([...rates.drops], [["denied", 6]]);
  assert.equal(total(rates.drops), 6);
  assert.equal(rates.listeners.get("a")?.dropped, 6);
});

test("addRates adds what is known", () => {
  assert.deepEqual(addRates([{ requests: 1, replies: null }, undefined, { requests: 2, replies: 5 }]), {
    requests: 3,
    replies: 5,
  });
  assert.deepEqual(addRates([]), { requests: null, replies: null });
});
