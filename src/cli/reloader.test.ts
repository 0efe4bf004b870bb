import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import type { ReloadResult } from "../api.js";
import type { Config } from "../config/config.js";
import { createLogger } from "./logger.js";
import { createReloader } from "./reloader.js";

const none = { added: [], removed: [], changed: [] };
const config = {} as Config;

/** A reloader whose reloads wait for `release`, with what it did. */
function makeReloader(load: () => Promise<{ config: Config; warnings: [] }>) {
  const lines: Record<string, unknown>[] = [];
  const output = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLogger({ level: "info", format: "json", colorize: false, output });
  let reloads = 0;
  let release = (): void => {};
  const balancer = {
    reload: async (): Promise<ReloadResult> => {
      reloads++;
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      return { version: 2, listeners: none, pools: none, backends: { ...none, added: ["default/a"] } };
    },
  };
  const reload = createReloader(balancer, { file: "a.yaml", load }, log);
  return { lines, reload, reloads: () => reloads, release: () => release() };
}

test("createReloader: says what changed, without empty lists", async () => {
  const { lines, reload, release } = makeReloader(async () => ({ config, warnings: [] }));
  const done = reload();
  await turn();
  release();
  await done;
  const { msg, version, listeners, backends } = lines[0]!;
  assert.deepEqual({ msg, version, listeners }, { msg: "reloaded", version: 2, listeners: undefined });
  assert.deepEqual(backends, { added: ["default/a"] });
});

test("createReloader: asked several times while one runs, it reads the file once more", async () => {
  const { reload, reloads, release } = makeReloader(async () => ({ config, warnings: [] }));
  const done = reload();
  await turn();
  await Promise.all([reload(), reload(), reload()]);
  assert.equal(reloads(), 1);
  release();
  await turn();
  assert.equal(reloads(), 2);
  release();
  await done;
  assert.equal(reloads(), 2);
});

test("createReloader: a failure is logged, and the next reload works", async () => {
  let isBad = true;
  const { lines, reload, reloads, release } = makeReloader(async () => {
    if (isBad) throw new Error("broken");
    return { config, warnings: [] };
  });
  await reload();
  assert.equal(reloads(), 0);
  assert.deepEqual(
    lines.map(({ level, msg }) => `${level} ${msg}`),
    ["error internal error: broken", "error reload refused: the running config stays in force"],
  );
  isBad = false;
  const done = reload();
  await turn();
  release();
  await done;
  assert.equal(lines.at(-1)!.msg, "reloaded");
});
