import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { createProgram } from "#src/cli/main.js";

const page = readFileSync(new URL("../../docs/cli.md", import.meta.url), "utf8");

/** The part of the page under `## sluice <command>`. */
function section(command: string): string {
  const [, rest] = page.split(`\n## sluice ${command}\n`);
  assert.ok(rest !== undefined, `docs/cli.md has no section "## sluice ${command}"`);
  return rest.split("\n## ")[0]!;
}

for (const command of createProgram().commands) {
  test(`docs/cli.md: sluice ${command.name()} has every flag and argument of the program, and no others`, () => {
    const text = section(command.name());
    const flags = command.options.map((option) => option.flags);
    for (const flag of flags) assert.ok(text.includes(`\`${flag}\``), `${flag} is missing`);
    const written = [...text.matchAll(/^\| `(-[^`]+)`/gm)].map((match) => match[1]!);
    assert.deepEqual(written.toSorted(), flags.toSorted());
    for (const argument of command.registeredArguments) {
      assert.match(text, new RegExp(argument.name(), "i"), `${argument.name()} is missing`);
    }
  });

  test(`docs/cli.md: sluice ${command.name()} names the commands below it and their flags`, () => {
    const text = section(command.name());
    for (const child of command.commands) {
      const [argument] = child.registeredArguments;
      const usage = [
        `sluice ${command.name()} ${child.name()}`,
        ...(argument ? [`<${argument.name()}>`] : []),
      ];
      assert.ok(text.includes(`\`${usage.join(" ")}\``), usage.join(" "));
      for (const { long, flags } of child.options) {
        assert.ok(text.includes(`\`${long}\``) || text.includes(`\`${flags}\``), `${usage[0]} ${flags}`);
      }
    }
  });

  test(`docs/cli.md: sluice ${command.name()} names every choice and default`, () => {
    const text = section(command.name());
    for (const { flags, argChoices, defaultValue, defaultValueDescription } of command.options) {
      const row = text.split("\n").find((line) => line.startsWith(`| \`${flags}\``))!;
      for (const choice of argChoices ?? []) assert.ok(row.includes(`\`${choice}\``), `${flags}: ${choice}`);
      if (typeof defaultValue === "object" || defaultValue === undefined) continue;
      const shown = defaultValueDescription ?? String(defaultValue);
      assert.match(row, new RegExp(`\\| \`?${shown.replaceAll(".", "\\.")}\`? +\\|$`), flags);
    }
  });
}
