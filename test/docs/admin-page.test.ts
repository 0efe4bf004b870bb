/** What docs/admin.md, docs/metrics.md and docs/operations.md show can be done: routes, queries, commands, configs. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Command } from "commander";
import { createApiDocument } from "#src/admin/api-document.js";
import type { ApiDocument } from "#src/admin/api-reference.js";
import { createProgram } from "#src/cli/main.js";
import { loadConfigText } from "#src/config/load-config.js";
import { NO_INTERFACES } from "#src/config/own-addresses.js";
import { ROOT } from "../support/markdown.js";

const PAGES = ["admin.md", "metrics.md", "operations.md"];
const document = (await createApiDocument()) as ApiDocument;
/** Not in the document: they are no part of the API. */
const OTHER_PATHS = ["/", "/api/v1/openapi.json"];

const read = (page: string): string => readFileSync(join(ROOT, "docs", page), "utf8");

function blocks(page: string, language: string): string[] {
  return [...read(page).matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
    ([, text]) => text!,
  );
}

/** Lines of shell, those that end in a backslash joined. */
function shellLines(page: string): string[] {
  return blocks(page, "sh").flatMap((text) => text.replaceAll("\\\n", " ").split("\n"));
}

/** The operation of the document whose path, with its `{names}`, fits. */
function findOperation(method: string, path: string) {
  for (const [template, operations] of Object.entries(document.paths)) {
    const pattern = new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`);
    if (pattern.test(path)) return operations[method];
  }
  return undefined;
}

test("docs: every curl example asks for a route that there is, with queries that it takes", () => {
  const lines = PAGES.flatMap(shellLines).filter((line) => line.startsWith("curl "));
  assert.ok(lines.length >= 18, `only ${lines.length}`);
  for (const line of lines) {
    const [, path, query = ""] =
      /(?:\$A|http:\/\/localhost|:9901)(\/[^\s"'?]*)(?:\?([^\s"']*))?/.exec(line) ?? [];
    assert.ok(path, line);
    const method = (/-X (\w+)/.exec(line)?.[1] ?? "GET").toLowerCase();
    if (OTHER_PATHS.includes(path)) continue;
    const operation = findOperation(method, path);
    assert.ok(operation, line);
    const known = (operation.parameters ?? []).map(({ name }) => name);
    for (const [key] of new URLSearchParams(query)) assert.ok(known.includes(key), `${key}: ${line}`);
  }
});

test("docs: every sluice command that they show is one, with flags that it has", () => {
  const written = PAGES.flatMap((page) => [
    ...shellLines(page),
    ...[...read(page).matchAll(/`(sluice [^`]+)`/g)].map(([, text]) => text!),
  ]);
  const commands = written.flatMap((line) =>
    [...line.matchAll(/(?:^|\s)sluice ([a-z][^|#]*)/g)].map(([, text]) => text!),
  );
  assert.ok(commands.length >= 40, `only ${commands.length}`);
  for (const text of commands) {
    const words = text.trim().split(/\s+/);
    const command = findCommand(createProgram(), words);
    assert.ok(command, `sluice ${text}`);
    const flags = command.options.flatMap(({ short, long }) => [short, long]);
    for (const flag of words.filter((word) => /^--?[a-z]/.test(word))) {
      assert.ok(flags.includes(flag) || flag === "--help", `sluice ${text}: ${flag}`);
    }
  }
});

function findCommand(program: Command, [first, second]: readonly string[]): Command | undefined {
  const command = program.commands.find((one) => one.name() === first);
  return command?.commands.find((one) => one.name() === second) ?? command;
}

test("docs/admin.md: every example config is valid and has no warnings", () => {
  const configs = blocks("admin.md", "yaml");
  assert.ok(configs.length >= 2);
  for (const text of configs)
    assert.deepEqual(loadConfigText(text, "docs/admin.md", NO_INTERFACES).warnings, [], text);
});

test("docs/metrics.md: its otlp and flowLog are valid beside a listener", () => {
  const configs = blocks("metrics.md", "yaml").filter((text) => !text.startsWith("scrape_configs"));
  assert.ok(configs.length >= 2);
  for (const text of configs) {
    const whole = `listen: 127.0.0.1:53\nbackends: [192.0.2.1:53]\n${text}`;
    assert.deepEqual(loadConfigText(whole, "docs/metrics.md", NO_INTERFACES).warnings, [], text);
  }
});
