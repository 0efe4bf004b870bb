/** What an operator does on the page, and what becomes of it in the balancer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { eventually } from "../support/waiting.js";
import { needsBrowser, openBrowser, openPage } from "./browser.js";
import { startScene } from "./watched-balancer.js";

/** Asked again when the server has closed the idle connection just then: where the machine is busy these two meet. */
async function getJson<T>(page: Page, url: string): Promise<T> {
  const answer = await eventually(() => page.request.get(url));
  return (await answer.json()) as T;
}

test("the page changes the running balancer", needsBrowser, async (t) => {
  const { url } = await startScene(t);
  const api = `${url}api/v1`;
  const browser = await openBrowser(t);

  await t.test("drains a backend and enables it again, after asking", async () => {
    const { page, assertClean } = await openPage(browser, url, "#/backends/web/b", {
      expected: /status of 400/,
    });
    await page.getByRole("button", { name: "Drain…" }).click();
    const dialog = page.getByRole("dialog", { name: "Drain web/b?" });
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await dialog.waitFor({ state: "hidden" });
    assert.equal((await getJson<{ admin: string }>(page, `${api}/backends/web/b`)).admin, "enabled");

    await page.getByRole("button", { name: "Drain…" }).click();
    await dialog.getByLabel("Disable it after").fill("nonsense");
    await dialog.getByRole("button", { name: "Drain" }).click();
    await dialog.getByRole("alert").waitFor();
    await dialog.getByLabel("Disable it after").fill("10m");
    await dialog.getByRole("button", { name: "Drain" }).click();
    await page.locator("h1", { hasText: "Draining" }).waitFor();
    assert.equal((await getJson<{ admin: string }>(page, `${api}/backends/web/b`)).admin, "draining");
    await page.locator(".history li", { hasText: "drain web/b" }).waitFor();

    await page.getByRole("button", { name: "Enable…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Enable" }).click();
    await page.locator("h1", { hasText: "Up" }).waitFor();
    assert.match(await page.locator(".messages").innerText(), /web\/b is enabled/);
    assertClean();
  });

  await t.test("sets a weight", async () => {
    const { page, assertClean } = await openPage(browser, url, "#/backends/web/c");
    await page.getByRole("button", { name: "Weight…" }).click();
    await page.getByRole("dialog").getByLabel("Weight, 0 to 65,535").fill("7");
    await page.getByRole("dialog").getByRole("button", { name: "Set weight" }).click();
    await page.locator(".facts div", { hasText: /^Weight\s*7/ }).waitFor();
    assert.equal((await getJson<{ weight: number }>(page, `${api}/backends/web/c`)).weight, 7);
    assertClean();
  });

  await t.test("finds a flow, explains its client and ends it", async () => {
    const { page, assertClean } = await openPage(browser, url, "#/flows");
    await page.getByRole("rowheader").first().waitFor();
    const client = (await page.getByRole("rowheader").first().innerText()).trim();
    await page.getByLabel("Client", { exact: true }).fill(client);
    await page.getByRole("button", { name: "Search" }).click();
    await eventually(async () => {
      assert.deepEqual(await page.getByRole("rowheader").allInnerTexts(), [client]);
    });
    await page.getByRole("link", { name: `Explain ${client}` }).click();
    await page.locator(".verdict", { hasText: `${client} has a live flow` }).waitFor();

    const before = await getJson<{ flows: { ended: { operator: number } } }>(page, `${api}/status`);
    await page.getByRole("button", { name: `End the flow of ${client}` }).click();
    await page
      .getByRole("dialog", { name: "End this flow?" })
      .getByRole("button", { name: "End flow" })
      .click();
    await page.locator(".messages", { hasText: "has ended" }).waitFor();
    const after = await getJson<typeof before>(page, `${api}/status`);
    assert.equal(after.flows.ended.operator, before.flows.ended.operator + 1);
    assertClean();
  });

  await t.test("says so when no flow fits", async () => {
    const { page, assertClean } = await openPage(browser, url, "#/flows?client=192.0.2.77");
    await page.getByText("No live flow fits").waitFor();
    assertClean();
  });

  await t.test("shows what a config would change before it applies it", async () => {
    const { page, assertClean } = await openPage(browser, url, "#/config", {
      expected: /status of (400|412|422)/,
    });
    await page.getByRole("button", { name: "Edit" }).click();
    const text = page.getByRole("textbox", { name: /Config in YAML/ });
    const written = await text.inputValue();
    await text.fill(written.replace("policy: round-robin", "policy: no-such"));
    await page.getByRole("button", { name: "Review changes" }).click();
    await page.getByRole("alert").getByText("policy").first().waitFor();

    await text.fill(written.replace("policy: round-robin", "policy: random"));
    await page.getByRole("button", { name: "Review changes" }).click();
    await page.getByText("Pools changed: web").waitFor();
    await page.getByRole("row", { name: /added\s+policy: random/ }).waitFor();
    const { configVersion } = await getJson<{ configVersion: number }>(page, `${api}/status`);

    await page.getByRole("button", { name: "Apply" }).click();
    await page.locator(".messages", { hasText: `Config v${configVersion + 1} is in force` }).waitFor();
    const { pools } = await getJson<{ pools: { policy: string }[] }>(page, `${api}/pools`);
    assert.equal(pools[0].policy, "random");
    assertClean();
  });

  await t.test("does not undo what somebody else changed meanwhile", async () => {
    const { page, assertClean } = await openPage(browser, url, "#/config", { expected: /status of 412/ });
    await page.getByRole("button", { name: "Edit" }).click();
    const text = page.getByRole("textbox", { name: /Config in YAML/ });
    const written = await text.inputValue();
    await text.fill(written.replace("policy: random", "policy: least-flows"));
    await page.getByRole("button", { name: "Review changes" }).click();
    await page.getByText("Pools changed: web").waitFor();

    const headers = { accept: "application/yaml" };
    const inForce = await eventually(() => page.request.get(`${api}/config`, { headers }));
    const theirs = (await inForce.text()).replace("failOpen: true", "failOpen: false");
    const put = await page.request.put(`${api}/config`, {
      data: theirs,
      headers: { "content-type": "application/yaml", "if-match": inForce.headers().etag },
    });
    assert.equal(put.status(), 200);
    await page.getByRole("button", { name: "Apply" }).click();
    await page.getByText("The config was changed meanwhile").waitFor();
    await page.getByRole("row", { name: /removed\s+failOpen: false/ }).waitFor();
    const { pools } = await getJson<{ pools: { policy: string }[] }>(page, `${api}/pools`);
    assert.equal(pools[0].policy, "random", "nothing was applied");

    await page.getByRole("button", { name: "Review again" }).click();
    await page.getByRole("button", { name: "Apply" }).click();
    await page.locator(".messages", { hasText: "is in force" }).waitFor();
    assertClean();
  });
});
