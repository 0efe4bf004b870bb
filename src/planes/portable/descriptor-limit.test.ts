import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { defaultMaxFlows, descriptorLimit } from "./descriptor-limit.js";

describe("descriptorLimit", () => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-limits-"));
  after(() => rmSync(folder, { recursive: true }));

  function limitOf(text: string): number {
    const file = join(folder, "limits");
    writeFileSync(file, text);
    return descriptorLimit(file);
  }

  it("is the soft limit of open files", () => {
    const lines = [
      "Limit                     Soft Limit           Hard Limit           Units     ",
      "Max processes             7823                 7823                 processes ",
      "Max open files            1024                 524288               files     ",
    ];
    assert.equal(limitOf(lines.join("\n")), 1024);
    assert.ok(limitOf("Max open files            unlimited            unlimited            files") > 100_000);
  });

  it("is a cautious guess where the system does not tell", () => {
    assert.equal(limitOf("nothing of use"), 10_240);
    assert.equal(descriptorLimit(join(folder, "none")), 10_240);
    assert.ok(descriptorLimit() > 0);
  });
});

describe("defaultMaxFlows", () => {
  it("leaves some descriptors for other things, within bounds", () => {
    assert.equal(defaultMaxFlows(1024), 768);
    assert.equal(defaultMaxFlows(100), 64);
    assert.equal(defaultMaxFlows(10_000_000), 262_144);
  });
});
