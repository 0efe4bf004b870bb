import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loadConfigText } from "#src/config/load-config.js";
import { NO_INTERFACES } from "#src/config/own-addresses.js";
import { createProbe } from "#src/health/create-probe.js";

const page = readFileSync(fileURLToPath(new URL("../../docs/health-checks.md", import.meta.url)), "utf8");

test("docs/health-checks.md: every example loads without a warning, and its probe can be made", () => {
  const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text!);
  assert.ok(examples.length >= 11);
  for (const text of examples) {
    const { config, warnings } = loadConfigText(text, "docs/health-checks.md", NO_INTERFACES);
    assert.deepEqual(warnings, [], text);
    const { health } = config.pools[0]!;
    assert.equal(createProbe(health!.probe).type, health!.probe.type);
  }
});
