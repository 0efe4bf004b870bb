/** Backends that cannot be reached: no route from here, or a router on the way that says so by ICMP. On both planes. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { RefusalKind } from "#src/core/refusal-kind.js";
import { PATIENCE_MS, programsIn } from "../support/namespaced-programs.js";
import { FAR_IP, needsNamespaces, openNamespaces } from "../support/network-namespaces.js";
import { eventually } from "../support/waiting.js";

const OPTIONS = { ...needsNamespaces(), timeout: 3 * PATIENCE_MS };
const BEYOND = "198.51.100.9";
const BEYOND_6 = "2001:db8:9::9";

type Plane = "portable" | "batched";

/** A balancer over a backend beyond the far end, and a good one. */
async function open(t: TestContext, plane: Plane, beyond: string) {
  const namespaces = openNamespaces(t, 1500);
  const programs = programsIn(t, namespaces);
  const good = await programs.echo("far", FAR_IP);
  const config = { plane, listen: "127.0.0.1:0", affinity: "client", backends: [`${beyond}:7001`, good] };
  const start = async () => {
    const { address, report } = await programs.balancer("near", config);
    const client = await programs.client("near");
    return { address, report, client };
  };
  return { ...namespaces, ...programs, start };
}

type Started = Awaited<ReturnType<Awaited<ReturnType<typeof open>>["start"]>>;

/** New clients come until the backend is out of rotation for that reason, which is counted under its kind. */
async function untilOut({ address, report, client }: Started, kind: RefusalKind, reason: RegExp) {
  await eventually(async () => {
    await client.ask({ to: address, text: "?" });
    const [backend] = (await report()).stats.backends;
    assert.match(backend.reason, reason);
    assert.equal(backend.health, "ejected");
    assert.ok(backend.refusedBy[kind] > 0 && backend.refused >= backend.refusedBy[kind]);
  }, PATIENCE_MS);
}

describe("backends that cannot be reached", { concurrency: 2 }, () => {
  for (const plane of ["portable", "batched"] as const) {
    test(`${plane}: no route: out of rotation, and up again when there is one`, OPTIONS, async (t) => {
      const { ip, echo, start } = await open(t, plane, BEYOND);
      ip("far", "address", "add", `${BEYOND}/32`, "dev", "lo");
      await echo("far", BEYOND, 7001);
      const started = await start();
      await untilOut(started, "no_route", /^unreachable: this machine has no route to it$/);
      ip("near", "route", "add", `${BEYOND}/32`, "via", FAR_IP);
      await eventually(async () => {
        await started.client.ask({ to: started.address, text: "?" });
        assert.equal((await started.report()).stats.backends[0].health, "up");
      }, PATIENCE_MS);
    });

    test(`${plane}: IPv6 without a route`, OPTIONS, async (t) => {
      const { start } = await open(t, plane, `[${BEYOND_6}]`);
      await untilOut(await start(), "no_route", /no route/);
    });

    test(`${plane}: a router prohibits it`, OPTIONS, async (t) => {
      const { ip, run, start } = await open(t, plane, BEYOND);
      run("far", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
      ip("far", "route", "add", "prohibit", `${BEYOND}/32`);
      ip("near", "route", "add", `${BEYOND}/32`, "via", FAR_IP);
      // Linux gives a socket without an error queue one error for both.
      const [kind, reason] =
        plane === "batched"
          ? (["prohibited", /ICMP prohibited/] as const)
          : (["host", /ICMP host unreachable/] as const);
      await untilOut(await start(), kind, reason);
    });
  }

  for (const [what, beyond, kind] of [
    ["unreachable", BEYOND, "host"],
    ["prohibit", `[${BEYOND_6}]`, "prohibited"],
    ["unreachable", `[${BEYOND_6}]`, "network"],
  ] as const) {
    test(`batched: a router says ${what} of ${beyond}`, OPTIONS, async (t) => {
      const { ip, run, start } = await open(t, "batched", beyond);
      const six = beyond === BEYOND ? [] : ["-6"];
      run(
        "far",
        "sh",
        "-c",
        "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding",
      );
      if (six.length > 0) {
        ip("near", "address", "add", "fd00::1/64", "dev", "cable", "nodad");
        ip("far", "address", "add", "fd00::2/64", "dev", "cable", "nodad");
      }
      const target = beyond === BEYOND ? `${BEYOND}/32` : `${BEYOND_6}/128`;
      ip("far", ...six, "route", "add", what, target);
      ip("near", ...six, "route", "add", target, "via", beyond === BEYOND ? FAR_IP : "fd00::2");
      await untilOut(await start(), kind, /^unreachable: ICMP /);
    });
  }
});
