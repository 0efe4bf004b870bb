import assert from "node:assert/strict";
import { test } from "node:test";
import {
  describeRefusal,
  isNoRoute,
  kindOfError,
  kindOfIcmp,
  NO_KIND,
  REFUSAL_KINDS,
} from "./refusal-kind.js";

const name = (isIpv6: boolean, type: number, code: number) => REFUSAL_KINDS[kindOfIcmp(isIpv6, type, code)];

test("kindOfIcmp: every code of destination unreachable", () => {
  const four = Array.from({ length: 17 }, (_, code) => name(false, 3, code));
  assert.deepEqual(four, [
    ...["network", "host", "protocol", "port", undefined, "host", "network", "host", "host"],
    ...["prohibited", "prohibited", "network", "host", "prohibited", "prohibited", "prohibited", undefined],
  ]);
  const six = Array.from({ length: 8 }, (_, code) => name(true, 1, code));
  assert.deepEqual(six, [
    ...["network", "prohibited", "host", "host", "port", "prohibited", "prohibited", undefined],
  ]);
});

test("kindOfIcmp: nothing else says that a datagram cannot get there", () => {
  for (const type of [0, 2, 4, 5, 8, 11, 12, 255]) assert.equal(kindOfIcmp(false, type, 1), NO_KIND);
  for (const type of [0, 2, 3, 4, 128, 255]) assert.equal(kindOfIcmp(true, type, 1), NO_KIND);
});

test("errors: what they tell of an earlier datagram, and of this machine's routes", () => {
  assert.deepEqual(
    ["ECONNREFUSED", "EHOSTUNREACH", "EACCES", "EPERM", "EINVAL", undefined].map(kindOfError),
    ["port", "host", "prohibited", undefined, undefined, undefined],
  );
  assert.deepEqual(["ENETUNREACH", "EADDRNOTAVAIL", "EPERM", "EAGAIN"].map(isNoRoute), [
    true,
    true,
    false,
    false,
  ]);
  for (const kind of REFUSAL_KINDS) assert.match(describeRefusal(kind), /^(refused|unreachable): /);
});
