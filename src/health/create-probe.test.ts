import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseConfig } from "../config/parse-config.js";
import { parseEndpoint } from "../core/address.js";
import { createProbe } from "./create-probe.js";

const OPTIONS = { radius: { secret: "s" }, exec: { command: ["/bin/true"] } };
const TYPES = "ping udp dns sip radius stun quic coap ntp tcp http https exec".split(" ");

function create(type: string) {
  const probe = { type, ...OPTIONS[type as keyof typeof OPTIONS] };
  const config = parseConfig({
    listen: "127.0.0.1:1",
    backends: ["127.0.0.1:2"],
    health: { probe } as never,
  });
  return createProbe(config.pools[0].health?.probe as Parameters<typeof createProbe>[0]);
}

describe("createProbe", () => {
  for (const type of TYPES) {
    it(`makes ${type}, which an aborted signal ends at once`, async () => {
      const probe = create(type);
      assert.equal(probe.type, type);
      const result = await probe.run(parseEndpoint("127.0.0.1:9"), 60_000, AbortSignal.abort());
      assert.deepEqual([result.ok, result.reason], [false, "given up"]);
      assert.ok(result.elapsedMs >= 0 && result.elapsedMs < 60_000);
    });
  }
});
