/** Chromium without a window, for tests of the page. It talks to 127.0.0.1 only, and everything that is amiss with a page is kept. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import type { Cleanup } from "../support/cleanup.js";
import { skipWithout } from "../support/needs.js";
import { DEADLINE_MS } from "../support/waiting.js";

/** Debian's, and what others call it. */
const PROGRAMS = ["chromium", "google-chrome"];
const program = PROGRAMS.find((name) => spawnSync(name, ["--version"]).error === undefined);

export const needsBrowser = skipWithout(program === undefined ? ["chromium"] : []);

/** It closes with the test. */
export async function openBrowser(t: Cleanup): Promise<Browser> {
  const executablePath = spawnSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).stdout.trim();
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"], timeout: 3 * DEADLINE_MS });
  t.after(() => browser.close());
  return browser;
}

export interface OpenPage {
  readonly page: Page;
  /** Fails when the page logged an error, broke the content security policy, or asked another origin for anything. */
  readonly assertClean: () => void;
}

export interface PageOptions extends BrowserContextOptions {
  /** Errors in the console that the test brings about, such as an answer with status 401. */
  readonly expected?: RegExp;
}

/** Opens the page at `url`, which ends in `/`, with a view such as `#/backends`. */
export async function openPage(
  browser: Browser,
  url: string,
  view = "#/",
  { expected, ...options }: PageOptions = {},
): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  const amiss: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" && !expected?.test(message.text())) amiss.push(message.text());
  });
  page.on("pageerror", (error) => amiss.push(String(error.stack)));
  page.on("request", (request) => {
    if (!request.url().startsWith(url)) amiss.push(`asked for ${request.url()}`);
  });
  await page.goto(`${url}${view}`);
  return { page, assertClean: () => assert.deepEqual(amiss, []) };
}

/** Waits for the view's heading. */
export async function showsView(page: Page, heading: string): Promise<void> {
  await page.getByRole("heading", { level: 1, name: heading }).waitFor();
}
