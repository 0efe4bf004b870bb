/** 500 backends: the page shows what matters. How quick it is, `system/page-speed.test.ts` measures. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../support/waiting.js";
import { needsBrowser, openBrowser, openPage, showsView } from "./browser.js";
import { startWatched } from "./watched-balancer.js";

const COUNT = 500;

test("the page shows 500 backends", needsBrowser, async (t) => {
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
