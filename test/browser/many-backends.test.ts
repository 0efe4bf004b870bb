/** 500 backends: the page stays quick, and shows what matters. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../support/waiting.js";
import { needsBrowser, openBrowser, openPage, showsView } from "./browser.js";
import { startWatched } from "./watched-balancer.js";

const COUNT = 500;
/** Of 5 s with five redraws: generous, as the machine may be busy with other tests. */
const MOST_BUSY_MS = 2500;

test("the page is quick with 500 backends", needsBrowser, async (t) => {
  const backends = Array.from({ length: COUNT }, (_, at) => ({
    name: `b${at + 1}`,
    address: `127.1.${Math.floor(at / 250)}.${(at % 250) + 1}:9`,
    ...(at === 99 && { state: "disabled" }),
  }));
  const { url } = await startWatched(t, { listen: "127.0.0.1:0", backends });
  const browser = await openBrowser(t);
  const { page, assertClean } = await openPage(browser, url);
  await showsView(page, "Overview");
  await page.locator(".box-rest", { hasText: `${COUNT} backends` }).waitFor();
  assert.equal(await page.locator(".grid > g").count(), COUNT);

  await t.test("while it redraws", async () => {
    const busyMs = (await page.evaluate(`new Promise((resolve) => {
      let sum = 0;
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) sum += duration;
      }).observe({ type: "longtask" });
      setTimeout(() => resolve(sum), 5000);
    })`)) as number;
    t.diagnostic(`${Math.round(busyMs)} ms of 5000 in long tasks`);
    assert.ok(busyMs < MOST_BUSY_MS, `${busyMs} ms in long tasks`);
  });

  await t.test("in a table that has only a page of them", async () => {
    await page.getByRole("link", { name: "Backends", exact: true }).click();
    await showsView(page, "Backends");
    const rows = page.locator("tbody tr");
    assert.equal(await rows.count(), 50);
    await page.getByRole("button", { name: "Next" }).click();
    await page.getByText("51–100 of 500").waitFor();
    await page.getByLabel("Name or address").fill("b499");
    await eventually(async () => assert.equal(await rows.count(), 1));
    await page.getByLabel("Name or address").fill("");
    await page.getByRole("button", { name: /^Disabled/ }).click();
    await eventually(async () => assert.equal(await rows.count(), 1));
    await page.getByRole("link", { name: "b100", exact: true }).waitFor();
  });
  assertClean();
});
