import assert from "node:assert/strict";
import type { NetworkInterfaceInfo } from "node:os";
import { test } from "node:test";
import { AddressWatch, type LocalAddress } from "./address-watch.js";

const info = (address: string, scopeid = 0): NetworkInterfaceInfo => {
  const common = { address, netmask: "", mac: "", internal: false, cidr: null };
  return address.includes(":") ? { ...common, family: "IPv6", scopeid } : { ...common, family: "IPv4" };
};

function watch(t: { after(done: () => void): void }) {
  const state: Record<string, NetworkInterfaceInfo[]> = { eth0: [info("192.0.2.1"), info("fe80::1", 2)] };
  const there = new Set<string>();
  const told: string[][] = [];
  const name = ({ text, zone, scope }: LocalAddress) => (zone ? `${text}%${zone}#${scope}` : text);
  const one = new AddressWatch({
    onChange: (gone) => told.push(gone.map(name)),
    read: () => structuredClone(state),
    isStillThere: (address) => there.has(address.text),
  });
  t.after(() => one.close());
  return { state, there, told, one };
}

test("AddressWatch: tells what has gone, that something came, and nothing while all is as it was", (t) => {
  const { state, told, one } = watch(t);
  one.look();
  assert.deepEqual(told, []);
  state.eth0[0] = info("192.0.2.2");
  one.look();
  one.look();
  assert.deepEqual(told, [["192.0.2.1"]]);
  state.eth1 = [info("198.51.100.1")];
  one.look();
  assert.deepEqual(told, [["192.0.2.1"], []]);
});

test("AddressWatch: an interface that was made again has another number, which is a change", (t) => {
  const { state, told, one } = watch(t);
  state.eth0[1] = info("fe80::1", 7);
  one.look();
  assert.deepEqual(told, [["fe80::1%eth0#2"]]);
});

test("AddressWatch: what is not listed but there still has not gone, until it has", (t) => {
  const { state, there, told, one } = watch(t);
  const all = state.eth0;
  there.add("192.0.2.1").add("fe80::1");
  state.eth0 = [];
  one.look();
  assert.deepEqual(told, []);
  state.eth0 = all;
  one.look();
  assert.deepEqual(told, []);
  state.eth0 = [];
  there.clear();
  one.look();
  assert.deepEqual(told, [["192.0.2.1", "fe80::1%eth0#2"]]);
});

test("AddressWatch: asks the kernel's own tables by default", {
  skip: process.platform !== "linux" && "needs Linux",
}, (t) => {
  let listed = true;
  const told: number[] = [];
  const one = new AddressWatch({
    onChange: (gone) => told.push(gone.length),
    read: () => (listed ? { lo: [info("127.0.0.1"), info("192.0.2.77")] } : {}),
  });
  t.after(() => one.close());
  listed = false;
  one.look();
  assert.deepEqual(told, [1], "127.0.0.1 is there still");
});
