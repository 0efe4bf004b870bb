/** What README.md shows works as it is shown. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createProgram } from "#src/cli/main.js";
import { loadConfigText } from "#src/config/load-config.js";
import { NO_INTERFACES } from "#src/config/own-addresses.js";
import { ROOT } from "../support/markdown.js";

const readme = readFileSync(join(ROOT, "README.md"), "utf8");
const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object };

function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
    ([, text]) => text!,
  );
}

test("README.md: its configs are valid and have no warnings", () => {
  const configs = blocks("yaml");
  assert.ok(configs.length > 0);
  for (const config of configs)
    assert.deepEqual(loadConfigText(config, "README.md", NO_INTERFACES).warnings, []);
});

test("README.md: its commands and npm scripts exist", () => {
  const lines = blocks("sh").join("");
  const commands = [...lines.matchAll(/bin\/sluice\.js (\w+)/g)].map(([, name]) => name!);
  const known = createProgram().commands.map((command) => command.name());
  assert.ok(commands.length > 0 && commands.every((name) => known.includes(name)), commands.join());
  for (const [, name] of lines.matchAll(/npm run (\w+)/g)) assert.ok(name! in scripts, name);
});
