/** How much of its time the page takes to draw 500 backends, beside what the same browser takes for work of a known size. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { needsBrowser, openBrowser, openPage, showsView } from "../browser/browser.js";
import { startWatched } from "../browser/watched-balancer.js";
import { judgedByControl } from "../support/against-control.js";

const COUNT = 500;
const LOOK_MS = 5000;
/** What the control takes on a machine with nothing else to do, and what five redraws may take there. */
const QUIET_CONTROL_MS = 25;
const MOST_BUSY_MS = 1000;

/** Milliseconds in long tasks while the page is looked at. */
const BUSY = `new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) sum += duration;
  }).observe({ type: "longtask" });
  setTimeout(() => resolve(sum), ${LOOK_MS});
})`;

/** The control: elements made and laid out, median of several rounds. */
const CONTROL = `(() => {
  const times = [];
  for (let round = 0; round < 9; round++) {
    const startMs = performance.now();
    const box = document.createElement("div");
    for (let i = 0; i < 2000; i++) {
      const line = document.createElement("p");
      line.textContent = "line " + i + " of " + round;
      box.append(line);
    }
    document.body.append(box);
    box.getBoundingClientRect();
    box.remove();
    times.push(performance.now() - startMs);
  }
  return times.sort((a, b) => a - b)[4];
})()`;

test("the page is quick with 500 backends", needsBrowser, async (t) => {
  const backends = Array.from({ length: COUNT }, (_, at) => ({
    name: `b${at + 1}`,
    address: `127.1.${Math.floor(at / 250)}.${(at % 250) + 1}:9`,
  }));
  const { url } = await startWatched(t, { listen: "127.0.0.1:0", backends });
  const { page } = await openPage(await openBrowser(t), url);
  await showsView(page, "Overview");
  await page.locator(".box-rest", { hasText: `${COUNT} backends` }).waitFor();
  await judgedByControl(t, async () => {
    const before = (await page.evaluate(CONTROL)) as number;
    const busyMs = (await page.evaluate(BUSY)) as number;
    const controlMs = Math.max(before, (await page.evaluate(CONTROL)) as number);
    assert.ok(controlMs > 0);
    const mostMs = MOST_BUSY_MS * Math.max(1, controlMs / QUIET_CONTROL_MS);
    const says = `${Math.round(busyMs)} ms of ${LOOK_MS} in long tasks, at most ${Math.round(mostMs)}`;
    return {
      faults: busyMs <= mostMs ? [] : [says],
      isControlGood: controlMs < 3 * QUIET_CONTROL_MS,
      control: `${controlMs.toFixed(1)} ms to lay out 2,000 lines; ${says}`,
    };
  });
});
