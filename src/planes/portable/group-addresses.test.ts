import assert from "node:assert/strict";
import type { NetworkInterfaceInfo } from "node:os";
import { describe, it } from "node:test";
import { groupAddresses, neighbourOf } from "./group-addresses.js";

const four = (address: string, netmask: string, internal = false): NetworkInterfaceInfo => ({
  ...{ address, netmask, internal, mac: "00:00:00:00:00:00", cidr: null },
  family: "IPv4",
});
const six = (address: string, scopeid: number, internal = false): NetworkInterfaceInfo => ({
  ...{ address, netmask: "ffff:ffff:ffff:ffff::", internal, mac: "00:00:00:00:00:00", cidr: null },
  ...{ family: "IPv6", scopeid },
});

const INTERFACES = {
  lo: [four("127.0.0.1", "255.0.0.0", true), six("::1", 0, true)],
  eth0: [four("10.1.2.3", "255.255.240.0"), six("2001:db8::1", 0), six("fe80::1", 2)],
  eth1: [four("192.0.2.1", "255.255.255.254"), four("192.0.2.9", "255.255.255.248"), six("fe80::2", 3)],
};
const ALL = new Set(["10.1.2.3", "192.0.2.1", "192.0.2.9", "fe80::1%eth0", "fe80::2%eth1"]);

describe("groupAddresses", () => {
  it("has each network's broadcast address, the limited one and all nodes of each interface, with who answers", () => {
    assert.deepEqual(
      [...groupAddresses(INTERFACES, ALL)],
      [
        ["10.1.15.255", "10.1.2.3"],
        ["255.255.255.255", "10.1.2.3"],
        ["ff02::1%eth0", "fe80::1%eth0"],
        ["192.0.2.15", "192.0.2.9"],
        ["ff02::1%eth1", "fe80::2%eth1"],
      ],
    );
  });

  it("has none for addresses that the listener does not have", () => {
    assert.deepEqual(
      [...groupAddresses(INTERFACES, new Set(["fe80::2%eth1"]))],
      [["ff02::1%eth1", "fe80::2%eth1"]],
    );
    assert.deepEqual([...groupAddresses({ lo: INTERFACES.lo }, new Set(["127.0.0.1"]))], []);
  });
});

describe("neighbourOf", () => {
  it("is the local address in the client's network", () => {
    assert.equal(neighbourOf("10.1.9.9", INTERFACES), "10.1.2.3");
    assert.equal(neighbourOf("192.0.2.14", INTERFACES), "192.0.2.9");
    assert.equal(neighbourOf("198.51.100.1", INTERFACES), undefined);
    assert.equal(neighbourOf("fe80::9%eth0", INTERFACES), undefined);
  });
});
