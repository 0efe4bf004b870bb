/** The page for people who use it without a mouse, without colours, without seeing it, or on a telephone. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { needsBrowser, openBrowser, openPage, showsView } from "./browser.js";
import { startScene } from "./watched-balancer.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const VIEWS = [
  ["#/", "Overview"],
  ["#/backends", "Backends"],
  ["#/backends/web/a", "a"],
  ["#/drops", "Drops"],
  ["#/flows", "Flows"],
  ["#/events", "Events"],
  ["#/config", "Config"],
] as const;

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
}

/** What axe-core finds, WCAG 2.2 A and AA and its best practices. */
async function findViolations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate("axe.run({ resultTypes: ['violations'] })")) as {
    violations: Violation[];
  };
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
  );
}

async function assertAccessible(page: Page): Promise<void> {
  assert.deepEqual(await findViolations(page), []);
  const beyond = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
  assert.ok((beyond as number) <= 0, `the page is ${beyond} pixels wider than the screen`);
}

test("the page is accessible", needsBrowser, async (t) => {
  const { url, backends } = await startScene(t);
  backends[2].peer.close();
  const browser = await openBrowser(t);

  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [1440, 360]) {
      await t.test(`in every view: ${colorScheme}, ${width} pixels`, async () => {
        const options = { colorScheme, viewport: { width, height: 800 }, reducedMotion: "reduce" } as const;
        const { page, assertClean } = await openPage(browser, url, "#/", options);
        for (const [view, heading] of VIEWS) {
          await page.goto(`${url}${view}`);
          await showsView(page, heading);
          await page.locator(".box, table, .notice, .code, .chart, .facts").first().waitFor();
          await assertAccessible(page);
        }
        assertClean();
      });
    }
  }

  await t.test("in its dialogs and forms", async () => {
    const { page, assertClean } = await openPage(browser, url, "#/backends/web/a");
    await page.getByRole("button", { name: "Drain…" }).click();
    await page.getByRole("dialog").waitFor();
    await assertAccessible(page);
    await page.goto(`${url}#/config`);
    await page.reload();
    await page.getByRole("button", { name: "Edit" }).click();
    const text = page.getByRole("textbox", { name: /Config in YAML/ });
    await text.fill((await text.inputValue()).replace("round-robin", "random"));
    await assertAccessible(page);
    await page.getByRole("button", { name: "Review changes" }).click();
    await page.getByText("What would happen").waitFor();
    await assertAccessible(page);
    await page.goto(`${url}#/flows?explain=127.0.0.1:4711&listener=edge`);
    await page.locator(".verdict").waitFor();
    await assertAccessible(page);
    assertClean();
  });

  await t.test("with the keyboard alone", async () => {
    const { page, assertClean } = await openPage(browser, url);
    await showsView(page, "Overview");
    const focused = () =>
      page.evaluate("(document.activeElement.ariaLabel ?? document.activeElement.textContent).trim()");
    const order: unknown[] = [];
    for (let step = 0; step < 9; step++) {
      await page.keyboard.press("Tab");
      order.push(await focused());
    }
    const views = ["Overview", "Backends", "Drops", "Flows", "Events", "Config"];
    assert.deepEqual(order.slice(0, 8), ["Skip to content", "sluice, overview", ...views]);
    assert.match(String(order[8]), /^Colours: as the system/);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate("document.documentElement.dataset.theme"), "dark");

    for (let step = 0; step < 4; step++) await page.keyboard.press("Shift+Tab");
    assert.equal(await focused(), "Drops");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Enter");
    await showsView(page, "Backends");
    assert.equal(await focused(), "Backends", "the focus is on the heading of the new view");
    await page.getByRole("link", { name: "b", exact: true }).focus();
    await page.keyboard.press("Enter");
    await showsView(page, "b");
    await page.getByRole("button", { name: "Drain…" }).focus();
    const outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle");
    assert.equal(outline, "solid", "the focus is visible");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    assert.equal(await focused(), "Drain…", "the focus comes back");
    assertClean();
  });

  await t.test("without moving pictures where they are not wanted", async () => {
    const { page } = await openPage(browser, url, "#/", { reducedMotion: "reduce" });
    await page.locator(".lane-dash").first().waitFor({ state: "attached" });
    const name = await page.evaluate("getComputedStyle(document.querySelector('.lane-dash')).animationName");
    assert.equal(name, "none");
  });
});
