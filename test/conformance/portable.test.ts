/** The conformance suite on the portable plane. */
import { describe } from "node:test";
import { defineAll } from "./suite/all.js";

describe("portable plane", () => {
  defineAll({
    name: "portable",
    workers: 1,
    cannot: {
      useUnlistedAddresses:
        "node:dgram does not tell where a datagram was sent to, so only addresses that an interface lists are open",
      resendRefused: "node:dgram does not read error queues",
    },
  });
});
