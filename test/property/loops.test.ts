/** Loops in random configs: `check` finds one exactly when a walk along every way that a datagram may take finds one. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { checkAddresses } from "#src/config/check-addresses.js";
import { createDraft } from "#src/config/draft.js";
import { OwnAddresses } from "#src/config/own-addresses.js";

const OWN = ["10.0.0.1", "10.0.0.2", "127.0.0.1", "::1", "fd00::1"];
const FOREIGN = ["10.0.0.9", "fd00::9"];
const PORTS = [1, 2, 3];

const own = new OwnAddresses({
  eth0: OWN.map((address) => ({
    ...{
      address,
      cidr: `${address}/${address.includes(":") ? 128 : 32}`,
      netmask: "",
      mac: "",
      internal: false,
    },
    ...(address.includes(":") ? { family: "IPv6" as const, scopeid: 0 } : { family: "IPv4" as const }),
  })),
});

interface Place {
  readonly ip: string;
  readonly port: number;
}
interface Listener extends Place {
  readonly ipv6Only: boolean;
  readonly pool: number;
}
interface Net {
  readonly listeners: readonly Listener[];
  readonly pools: readonly (readonly Place[])[];
}

const port = fc.constantFrom(...PORTS);
const net: fc.Arbitrary<Net> = fc.record({
  listeners: fc.array(
    fc.record({
      ip: fc.constantFrom(...OWN, "0.0.0.0", "::"),
      port,
      ipv6Only: fc.boolean(),
      pool: fc.nat({ max: 4 }),
    }),
    { minLength: 1, maxLength: 6 },
  ),
  pools: fc.array(fc.array(fc.record({ ip: fc.constantFrom(...OWN, ...FOREIGN), port }), { maxLength: 3 }), {
    minLength: 5,
    maxLength: 5,
  }),
});

const isIpv6 = ({ ip }: Place) => ip.includes(":");
const write = (place: Place) => (isIpv6(place) ? `[${place.ip}]:${place.port}` : `${place.ip}:${place.port}`);

/** The backends, as `pool,number`, at which `check` finds a loop. */
function findLoops({ listeners, pools }: Net): string[] {
  const draft = createDraft({
    listeners: listeners.map((listener) => ({
      ...{ address: write(listener), ipv6Only: listener.ipv6Only, pool: `p${listener.pool}` },
    })),
    pools: pools.map((backends, i) => ({ name: `p${i}`, backends: backends.map(write) })),
  });
  return checkAddresses(draft, own)
    .filter(({ message }) => message.includes("go round for ever"))
    .map(({ path }) => `${path[1]},${path[3]}`)
    .sort();
}

function receives(listener: Listener, to: Place): boolean {
  if (listener.port !== to.port) return false;
  if (listener.ip === "0.0.0.0") return OWN.includes(to.ip) && !isIpv6(to);
  if (listener.ip === "::") return OWN.includes(to.ip) && (isIpv6(to) || !listener.ipv6Only);
  return listener.ip === to.ip;
}

/** The same by following each way step by step, from each backend, until it comes back to its pool or ends. */
function walkLoops({ listeners, pools }: Net): string[] {
  const comesBack = (start: number, to: Place, seen: ReadonlySet<Listener>): boolean =>
    listeners.some((listener) => {
      if (!receives(listener, to) || seen.has(listener)) return false;
      if (listener.pool === start) return true;
      return pools[listener.pool].some((next) => comesBack(start, next, new Set([...seen, listener])));
    });
  return pools
    .flatMap((backends, pool) =>
      backends.flatMap((to, i) => (comesBack(pool, to, new Set()) ? [`${pool},${i}`] : [])),
    )
    .sort();
}

describe("checkAddresses", () => {
  it("finds exactly the backends whose datagrams may come back to their pool", () => {
    let looping = 0;
    let straight = 0;
    fc.assert(
      fc.property(net, (one) => {
        const expected = walkLoops(one);
        if (expected.length > 0) looping++;
        else straight++;
        assert.deepEqual(findLoops(one), expected);
      }),
      { numRuns: 1_500 },
    );
    assert.ok(looping > 50 && straight > 50, `${looping} with, ${straight} without`);
  });

  it("finds none when the backends that it found are taken away", () => {
    fc.assert(
      fc.property(net, (one) => {
        const found = new Set(findLoops(one));
        const pools = one.pools.map((backends, pool) =>
          backends.filter((_, i) => !found.has(`${pool},${i}`)),
        );
        assert.deepEqual(walkLoops({ ...one, pools }), []);
      }),
      { numRuns: 500 },
    );
  });
});
