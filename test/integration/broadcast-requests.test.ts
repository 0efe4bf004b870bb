/**
 * Clients that look for a server with a broadcast or to all nodes, over a cable between two network namespaces: the answer
 * comes from an address of the balancer's interface, on both planes.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Balancer } from "#src/api.js";
import type { Answer, Asking } from "../support/ask-program.js";
import { NEAR_IP, needsNamespaces, openNamespaces } from "../support/network-namespaces.js";
import { JsonProgram, programPath } from "../support/other-processes.js";
import { eventually } from "../support/waiting.js";

const ASKED = {
  "0.0.0.0": [
    [NEAR_IP, NEAR_IP],
    ["10.203.0.255", NEAR_IP],
    ["255.255.255.255", NEAR_IP],
  ],
  "[::]": [
    ["10.203.0.255", NEAR_IP],
    ["255.255.255.255", NEAR_IP],
    ["[ff02::1%cable]", "fe80::1"],
    ["[fe80::1%cable]", "fe80::1"],
  ],
} as const;

describe("requests to broadcast and all-nodes addresses", { concurrency: true }, () => {
  for (const plane of ["portable", "batched"] as const) {
    for (const listen of ["0.0.0.0", "[::]"] as const) {
      test(`${plane} on ${listen}: answered from an address of the interface`, {
        ...needsNamespaces(),
      }, async (t) => {
        const { near, far, ip } = openNamespaces(t, 1500);
        ip("far", "route", "add", "default", "dev", "cable");
        const run = (where: readonly string[], name: string, ...args: string[]) =>
          new JsonProgram(t, [...where, process.execPath, programPath(name), ...args]);
        const backend = await run(near, "echo-program", "127.0.0.1").next<string>();
        const config = { listen: `${listen}:0`, affinity: "client", backends: [backend], plane, workers: 1 };
        const balancer = run(near, "balancer-program", JSON.stringify(config));
        const [{ address }] = await balancer.next<Balancer["listeners"]>();
        const port = address.slice(address.lastIndexOf(":") + 1);
        const client = run(far, "ask-program");
        assert.equal(await client.next(), "ready");
        for (const [asked, answers] of ASKED[listen]) {
          await eventually(async () => {
            const asking: Asking = { to: `${asked}:${port}`, text: "anybody?" };
            const answer = await client.ask<Answer | null>(JSON.stringify(asking));
            assert.equal(answer?.from, answers, `asked ${asked}`);
          });
        }
      });
    }
  }
});
