import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CONTROL_INTERFACE, CONTROL_LOCAL, CONTROL_WORDS } from "../../linux/control.js";
import { Scopes } from "./scopes.js";

/** Control messages of a request to this IPv4 address. */
function to(last: number, interfaceIndex = 1): Uint32Array {
  return toWords([0, 0, 0xffff, last], interfaceIndex);
}

function toWords(words: readonly number[], interfaceIndex: number): Uint32Array {
  const control = new Uint32Array(CONTROL_WORDS);
  control[CONTROL_INTERFACE] = interfaceIndex;
  control.set(words, CONTROL_LOCAL);
  return control;
}

/** A flow of a client who wrote to this address. */
function open(scopes: Scopes, control: Uint32Array): number {
  const number = scopes.localNumber(control);
  scopes.hold(number);
  return number;
}

describe("Scopes", () => {
  it("numbers local addresses from 1, the same address the same, and knows them again", () => {
    const scopes = new Scopes(1);
    const [a, b] = [open(scopes, to(0x0a000001)), open(scopes, to(0x0a000002))];
    assert.notEqual(a, b);
    assert.equal(scopes.localNumber(to(0x0a000001, 7)), a, "whatever the interface");
    assert.deepEqual([...scopes.local(a)], [0, 0, 0xffff, 0x0a000001]);
    assert.deepEqual([...scopes.local(b)], [0, 0, 0xffff, 0x0a000002]);
    assert.deepEqual([scopes.localInterface(a), scopes.localNumber(toWords([0, 0, 0, 0], 0))], [0, 0]);
  });

  it("tells link-local addresses and requests without an address apart by interface", () => {
    const scopes = new Scopes(1);
    const controls = [2, 3].flatMap((index) => [
      toWords([0xfe800000, 0, 0, 1], index),
      toWords([0, 0, 0, 0], index),
    ]);
    const numbers = controls.map((control) => open(scopes, control));
    assert.equal(new Set(numbers).size, 4);
    assert.deepEqual(
      numbers.map((number) => scopes.localInterface(number)),
      [2, 2, 3, 3],
    );
  });

  it("numbers zones, 0 for none", () => {
    const scopes = new Scopes(1);
    const zones = [2, 3, 2].map((index) => {
      const number = scopes.zoneNumber(index);
      scopes.hold((number << 16) >>> 0);
      return number;
    });
    assert.equal(zones[0], zones[2]);
    assert.deepEqual(
      [0, zones[0], zones[1]].map((number) => scopes.zone(number)),
      [0, 2, 3],
    );
    assert.equal(scopes.zoneNumber(0), 0);
  });

  it("forgets an address with the last flow that holds it", () => {
    const scopes = new Scopes(1);
    for (let i = 1; i <= 200_000; i++) {
      const number = open(scopes, to(i));
      assert.ok(number > 0);
      scopes.release(number);
    }
    assert.equal(scopes.size, 1, "the last one stays for the next request");
  });

  it("forgets an address whose requests started no flow", () => {
    const scopes = new Scopes(1);
    const kept = open(scopes, to(1));
    for (let i = 2; i <= 100_000; i++) scopes.localNumber(to(i));
    assert.equal(scopes.size, 2);
    assert.equal(scopes.localNumber(to(1)), kept);
    assert.equal(scopes.size, 1);
  });

  it("has number 0 for a new address while as many as can be numbered are held, and only then", () => {
    const scopes = new Scopes(1, 3);
    const numbers = [1, 2, 3].map((last) => open(scopes, to(last)));
    assert.deepEqual(new Set(numbers), new Set([1, 2, 3]));
    assert.equal(scopes.localNumber(to(4)), 0);
    assert.equal(scopes.localNumber(to(2)), numbers[1], "those that are held go on");
    scopes.release(numbers[0]);
    assert.equal(scopes.localNumber(to(4)), numbers[0]);
  });
});
