/** What the page shows of real traffic. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Locator, Page } from "playwright-core";
import { eventually } from "../support/waiting.js";
import { needsBrowser, openBrowser, openPage, showsView } from "./browser.js";
import { startScene } from "./watched-balancer.js";

function tile(page: Page, label: string): Locator {
  return page.locator(".tile").filter({ has: page.getByText(label, { exact: true }) });
}

/** The big figure of a tile, as a number. */
async function tileFigure(page: Page, label: string): Promise<number> {
  return Number.parseFloat((await tile(page, label).locator(".tile-value").innerText()).replaceAll(",", ""));
}

test("the page shows traffic as it moves", needsBrowser, async (t) => {
  // Probed, a backend that is gone stays down: without probes it would be on trial a second later.
  const health = { probe: { type: "udp", send: "?" }, interval: "500ms" };
  const { url, backends } = await startScene(t, { pool: { health } });
  const browser = await openBrowser(t);

  await t.test("from the listener through the pool to each backend", async () => {
    const { page, assertClean } = await openPage(browser, url);
    await showsView(page, "Overview");
    // 12 clients every 40 ms; a busy machine sends fewer, and then all at once.
    await eventually(async () => {
      const rate = await tileFigure(page, "Requests");
      assert.ok(rate > 0, `${rate} requests a second`);
    });
    assert.equal(await page.locator(".lane-dash-request").count(), 4);
    assert.equal(await page.locator(".lane-dash-reply").count(), 4);
    assert.match((await page.locator(".edge-label").allTextContents()).join(" "), /[\d.]+\/s →/);
    for (const name of ["a", "b", "c"]) {
      const text = await page.locator(".box-backend", { hasText: new RegExp(`^${name}`) }).innerText();
      assert.match(text, /[\d.]+ requests and [\d.]+ replies a second/);
    }
    const first = await tile(page, "Requests").locator(".tile-note").innerText();
    await eventually(async () => {
      const now = await tile(page, "Requests").locator(".tile-note").innerText();
      assert.notEqual(now, first, "figures go on");
    });
    assertClean();
  });

  await t.test("as charts of one backend", async () => {
    const { page, assertClean } = await openPage(browser, url, "#/backends/web/a");
    await showsView(page, "a");
    const chart = page.getByRole("img", { name: /^Datagrams a second/ });
    await eventually(async () => {
      assert.match((await chart.getAttribute("aria-label")) ?? "", /Requests: [1-9][\d.]* now/);
    });
    await eventually(async () => assert.equal(await page.locator(".chart canvas").count(), 3));
    const isDrawn = `(() => {
      const canvas = document.querySelector(".chart canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.some((value) => value !== 0);
    })()`;
    await eventually(async () => assert.ok(await page.evaluate(isDrawn), "something is on the canvas"));
    assertClean();
  });

  await t.test("and a backend that goes away", async () => {
    const { page, assertClean } = await openPage(browser, url);
    await showsView(page, "Overview");
    backends[2].peer.close();
    await page.getByRole("link", { name: "web/c is down" }).waitFor();
    const status = page.locator("p[role=status]");
    await eventually(async () => assert.match(await status.innerText(), /web\/c: down/));
    await page.getByRole("link", { name: "web/c is down" }).click();
    await showsView(page, "c");
    await page.locator("h1", { hasText: "Down" }).waitFor();
    await page.locator(".history li", { hasText: "web/c is down" }).first().waitFor();
    await page.getByRole("link", { name: "Events" }).click();
    await page
      .getByRole("row", { name: /web\/c is down/ })
      .first()
      .waitFor();
    assertClean();
  });

  await t.test("drops by reason", async () => {
    const { page, assertClean } = await openPage(browser, url, "#/drops");
    await showsView(page, "Drops");
    const answer = await eventually(() => page.request.get(`${url}api/v1/status`));
    const { drops } = (await answer.json()) as { drops: Record<string, number> };
    const reasons = Object.entries(drops).filter(([, count]) => count > 0);
    for (const [reason] of reasons) await page.getByRole("rowheader", { name: reason }).first().waitFor();
    if (reasons.length === 0) await page.getByText("Nothing was dropped", { exact: false }).first().waitFor();
    assertClean();
  });
});
