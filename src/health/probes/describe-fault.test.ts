import assert from "node:assert/strict";
import { it } from "node:test";
import { describeUdpFault, failedBy } from "./describe-fault.js";

const error = (code: string) => Object.assign(new Error("sentence"), { code });

it("a backend is not blamed for what this machine has run out of", () => {
  for (const code of ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"])
    assert.equal(failedBy(error(code)).isOurs, true, code);
  for (const code of ["ECONNREFUSED", "EHOSTUNREACH", "EADDRNOTAVAIL", "EPROTO"])
    assert.equal(failedBy(error(code)).isOurs, undefined, code);
  assert.deepEqual(failedBy(error("ECONNREFUSED"), describeUdpFault), {
    ok: false,
    reason: "refused (ICMP port unreachable)",
  });
});
