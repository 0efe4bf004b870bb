import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseIp } from "../core/address.js";
import { OwnAddresses, readOwnAddresses } from "./own-addresses.js";

const own = new OwnAddresses({
  lo: [ipv4("127.0.0.1/8")],
  eth0: [ipv4("10.77.0.1/24"), ipv6("fe80::1/64", 2), ipv6("2001:db8::1/64", 0)],
  ppp0: [ipv4("192.0.2.6/31"), ipv4("192.0.2.9/32")],
  down: undefined,
});

function ipv4(cidr: string) {
  const common = { netmask: "", mac: "", internal: false };
  return { ...common, address: cidr.split("/")[0], family: "IPv4" as const, cidr };
}

function ipv6(cidr: string, scopeid: number) {
  return { ...ipv4(cidr), family: "IPv6" as const, scopeid };
}

describe("OwnAddresses", () => {
  for (const text of [
    "10.77.0.1",
    "192.0.2.9",
    "2001:db8::1",
    "127.9.9.9",
    "::1",
    "fe80::1%eth0",
    "fe80::1%2",
  ]) {
    it(`has ${text}`, () => assert.ok(own.has(parseIp(text))));
  }
  for (const text of ["10.77.0.2", "2001:db8::2", "fe80::1%eth1", "fe80::1%3", "fe80::2%eth0"]) {
    it(`has no ${text}`, () => assert.ok(!own.has(parseIp(text))));
  }
  it("knows the broadcast addresses of its networks", () => {
    assert.equal(own.broadcastNetwork(parseIp("10.77.0.255")), "10.77.0.1/24 on eth0");
    for (const text of ["10.77.0.254", "10.77.0.0", "192.0.2.7", "192.0.2.9", "127.255.255.255", "ff02::1"]) {
      assert.equal(own.broadcastNetwork(parseIp(text)), undefined, text);
    }
  });
  it("takes the name and the number of an interface for one zone", () => {
    const isSame = (a: string, b: string) => own.isSame(parseIp(a), parseIp(b));
    assert.ok(isSame("fe80::9%eth0", "fe80::9%2"));
    assert.ok(!isSame("fe80::9%eth0", "fe80::9%3"));
    assert.ok(!isSame("fe80::9%eth0", "fe80::8%2"));
    assert.ok(!isSame("fe80::9%eth0", "fe80::9"));
  });
  it("reads those of this machine", () => assert.ok(readOwnAddresses().has(parseIp("127.0.0.1"))));
});
