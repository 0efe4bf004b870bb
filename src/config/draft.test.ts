import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatEndpoint } from "../core/address.js";
import { asFields, asList, createDraft } from "./draft.js";

describe("createDraft", () => {
  it("reads nothing from what is no config", () => {
    for (const input of [undefined, null, 5, "a", [], { listeners: "a", pools: { backends: [] } }]) {
      assert.deepEqual(createDraft(input), { listeners: [], pools: [] });
    }
  });

  it("keeps the place of entries that cannot be read", () => {
    const { listeners, pools } = createDraft({
      listeners: [null, { address: "nowhere" }, { address: "127.0.0.1:1", name: 5 }],
      pools: [{ backends: [5, "x", "127.0.0.1:2"] }, "b"],
    });
    assert.deepEqual(
      listeners.map(({ path, name, addressText, address }) => [
        path.at(-1),
        name,
        addressText,
        address?.port,
      ]),
      [
        [0, undefined, undefined, undefined],
        [1, "nowhere", "nowhere", undefined],
        [2, undefined, "127.0.0.1:1", 1],
      ],
    );
    const [first, second] = pools;
    assert.deepEqual(
      first.backends.map(({ name, address }) => [name, address && formatEndpoint(address)]),
      [
        [undefined, undefined],
        ["x", undefined],
        ["127.0.0.1:2", "127.0.0.1:2"],
      ],
    );
    assert.deepEqual([second.path, second.backends], [["pools", 1], []]);
  });

  it("points at the text of a backend, or at the address in its map", () => {
    const [{ backends }] = createDraft({ pools: [{ backends: ["a", { address: "b" }] }] }).pools;
    assert.deepEqual(
      backends.map(({ addressPath }) => addressPath),
      [
        ["pools", 0, "backends", 0],
        ["pools", 0, "backends", 1, "address"],
      ],
    );
  });

  it("calls the only pool default, and none of several", () => {
    const names = (...pools: object[]) =>
      createDraft({ pools }).pools.map(({ name, hasName }) => [name, hasName]);
    assert.deepEqual(names({}), [["default", false]]);
    assert.deepEqual(names({}, { name: "b" }), [
      [undefined, false],
      ["b", true],
    ]);
    assert.deepEqual(names({ name: null }), [[undefined, true]]);
  });

  it("numbers nameless listeners with the same address", () => {
    const address = "127.0.0.1:0";
    const { listeners } = createDraft({ listeners: [{ address }, { address, name: "b" }, { address }] });
    assert.deepEqual(
      listeners.map(({ name, writtenName }) => [name, writtenName]),
      [
        [address, undefined],
        ["b", "b"],
        [`${address}#2`, undefined],
      ],
    );
  });

  it("fills the holes of a sparse list", () => {
    const listeners: unknown[] = [];
    listeners[1] = { address: "127.0.0.1:1", ipv6Only: true, pool: "a" };
    const draft = createDraft({ listeners }).listeners;
    assert.deepEqual(
      draft.map(({ ipv6Only, pool, hasPool }) => [ipv6Only, pool, hasPool]),
      [
        [false, undefined, false],
        [true, "a", true],
      ],
    );
  });
});

describe("asFields and asList", () => {
  it("tell maps from lists", () => {
    const map = { a: 1 };
    const list = [1];
    assert.equal(asFields(map), map);
    assert.equal(asList(list), list);
    for (const value of [null, undefined, "a", 5, list]) assert.deepEqual(asFields(value), {});
    for (const value of [null, undefined, "ab", { length: 1 }]) assert.deepEqual(asList(value), []);
  });
});
