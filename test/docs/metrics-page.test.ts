/** docs/metrics.md has every metric of a real balancer, with type and labels, and no others. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../support/markdown.js";
import { scrapeEverything } from "../support/scrape.js";

const page = readFileSync(join(ROOT, "docs/metrics.md"), "utf8");

/** Rows `| name | type | labels | meaning |` whose name begins so. */
function rows(prefix: string): { name: string; type: string; labels: string[]; meaning: string }[] {
  const found = [...page.matchAll(/^\| `(\w+)` \| (\w+) \|(.*?)\| (.+) \|$/gm)];
  return found
    .filter(([, name]) => name!.startsWith(prefix))
    .map(([, name, type, labels, meaning]) => ({
      ...{ name: name!, type: type!, meaning: meaning! },
      labels: [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label!).sort(),
    }));
}

test("docs/metrics.md: every metric of sluice with its type and labels, in the order of /metrics", async (t) => {
  const scraped = await scrapeEverything(t);
  const ours = [...scraped].filter(([name]) => name.startsWith("sluice_"));
  assert.ok(ours.length >= 38, `only ${ours.length}`);
  const written = rows("sluice_");
  assert.deepEqual(
    written.map(({ name }) => name),
    ours.map(([name]) => name),
  );
  for (const { name, type, labels, meaning } of written) {
    const { type: real, labels: used } = scraped.get(name)!;
    assert.equal(type, real, name);
    // A worker's processor time cannot be told everywhere.
    if (used !== undefined) assert.deepEqual(labels, used, name);
    assert.ok(meaning.length > 10, `${name}: what does it mean?`);
  }
});

test("docs/metrics.md: the metrics of the process are those of prom-client", async (t) => {
  const scraped = await scrapeEverything(t);
  const written = [...rows("process_"), ...rows("nodejs_")];
  for (const { name, type } of written.filter(({ name }) => scraped.has(name))) {
    assert.equal(type, scraped.get(name)!.type, name);
  }
  // Elsewhere some of them are missing.
  if (process.platform !== "linux") return;
  assert.deepEqual(
    written.map(({ name }) => name).toSorted(),
    [...scraped.keys()].filter((name) => !name.startsWith("sluice_")).toSorted(),
  );
});
