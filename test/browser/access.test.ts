/** Tokens, and a balancer that goes away and comes back. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { RunningCli } from "../support/run-cli.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";
import { needsBrowser, openBrowser, openPage, showsView } from "./browser.js";
import { startScene } from "./watched-balancer.js";

const TOKEN = "a-token-of-more-than-sixteen";
const READ_TOKEN = "may-only-look-and-not-touch";

test("the page asks for a token, and keeps to what it allows", needsBrowser, async (t) => {
  const folder = createTemporaryFolder((remove) => t.after(remove));
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), `${text}\n`);
    return { file: join(folder, name) };
  };
  const admin = { listen: "127.0.0.1:0", token: file("token", TOKEN), readToken: file("read", READ_TOKEN) };
  const { url } = await startScene(t, { admin });
  const browser = await openBrowser(t);

  await t.test("a wrong one is refused, the right one opens, and it is kept in this tab only", async () => {
    const { page, assertClean } = await openPage(browser, url, "#/backends/web/a", {
      expected: /status of 401/,
    });
    const dialog = page.getByRole("dialog", { name: "A token is needed" });
    await dialog.getByLabel("Token").fill("not-the-token-at-all");
    await dialog.getByRole("button", { name: "Connect" }).click();
    await dialog.getByText("Not accepted: the token is wrong").waitFor();
    await dialog.getByLabel("Token").fill(TOKEN);
    await dialog.getByRole("button", { name: "Connect" }).click();
    await dialog.waitFor({ state: "hidden" });
    await showsView(page, "a");
    await page.reload();
    await page.getByRole("button", { name: "Drain…" }).waitFor();
    assert.equal(await page.evaluate("localStorage.length + document.cookie.length"), 1, "only the theme");
    assert.equal(await page.evaluate("sessionStorage.getItem('sluice.token')"), TOKEN);
    await page.getByRole("link", { name: "Events" }).click();
    await showsView(page, "Events");
    const headers = { authorization: `Bearer ${TOKEN}` };
    await page.request.patch(`${url}api/v1/backends/web/a`, { data: { weight: 3 }, headers });
    await page.getByRole("row", { name: /weight web\/a.*by token/ }).waitFor();
    assertClean();
  });

  await t.test("a token to look with changes nothing", async () => {
    const { page, assertClean } = await openPage(browser, url, "#/backends/web/a", {
      expected: /status of 40[13]/,
    });
    const dialog = page.getByRole("dialog", { name: "A token is needed" });
    await dialog.getByLabel("Token").fill(READ_TOKEN);
    await dialog.getByRole("button", { name: "Connect" }).click();
    await showsView(page, "a");
    await page.getByRole("button", { name: "Disable…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
    await page.getByRole("dialog").getByRole("alert").waitFor();
    await page.keyboard.press("Escape");
    await page.getByText("Read only", { exact: true }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Disable…" }).isDisabled(), true);
    await page.getByRole("link", { name: "Config" }).click();
    await page.getByRole("region", { name: "Config in force" }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Edit" }).isDisabled(), true);
    assertClean();
  });
});

test("the page says that the connection is lost, and goes on when it is back", needsBrowser, async (t) => {
  const { url, cli, configFile } = await startScene(t);
  const browser = await openBrowser(t);
  const { page, assertClean } = await openPage(browser, url, "#/", {
    expected: /ERR_CONNECTION|ERR_EMPTY|ERR_INCOMPLETE/,
  });
  await page.getByText("Live", { exact: true }).waitFor();
  await page.locator(".box-backend").first().waitFor();

  await cli.kill();
  await page.getByText("No connection to sluice", { exact: true }).waitFor();
  await page.getByText("Not connected", { exact: true }).waitFor();
  await page.locator("p[role=status]", { hasText: "No connection to sluice" }).waitFor({ state: "attached" });
  assert.ok(await page.locator(".box-backend").first().isVisible(), "what was known last stays");

  const config = JSON.stringify({
    admin: { listen: new URL(url).host },
    listen: "127.0.0.1:0",
    backends: ["127.0.0.1:9"],
  });
  writeFileSync(configFile, config);
  await new RunningCli(t, [configFile]).ready();
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByText("No connection to sluice", { exact: true }).waitFor({ state: "hidden" });
  await page.locator("p[role=status]", { hasText: "The connection is back" }).waitFor({ state: "attached" });
  await page.locator(".box-backend", { hasText: "127.0.0.1:9" }).waitFor();
  assertClean();
});
