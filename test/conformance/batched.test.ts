/** The conformance suite on the batched plane. */
import { describe } from "node:test";
import { defineAll } from "./suite/all.js";

const skip = process.platform === "linux" ? false : "the batched plane needs Linux";

describe("batched plane", { skip }, () => {
  defineAll({
    name: "batched",
    workers: 1,
    cannot: {
      changeIpv6Only:
        "one socket takes both families, and Linux does not change IPV6_V6ONLY of a bound socket",
    },
  });
});
