/** The planes that the suite runs on. */
import { MemoryWorld } from "../../support/memory-world.js";
import type { PlaneUnderTest } from "./plane-under-test.js";

export const PORTABLE: PlaneUnderTest = {
  name: "portable",
  workers: 1,
  cannot: {
    useUnlistedAddresses:
      "node:dgram does not tell where a datagram was sent to, so only addresses that an interface lists are open",
    resendRefused: "node:dgram does not read error queues",
  },
};

export const BATCHED: PlaneUnderTest = {
  name: "batched",
  workers: 1,
  cannot: {
    changeIpv6Only: "one socket takes both families, and Linux does not change IPV6_V6ONLY of a bound socket",
  },
};

/** Why the batched plane is not there; false where it is. */
export const NO_BATCHED = process.platform === "linux" ? false : "the batched plane needs Linux";

/** A world of its own for each. */
export function createMemoryPlane(): PlaneUnderTest {
  return { name: "memory", workers: 1, cannot: {}, memory: new MemoryWorld() };
}
