import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FlowLists, MOVED_LIST } from "./flow-lists.js";
import { FlowTable } from "./flow-table.js";

function lists(): { table: FlowTable; use: FlowLists; age: FlowLists } {
  const table = new FlowTable(10, 1);
  for (let i = 0; i < 6; i++) {
    table.key[3] = i;
    table.insert(i);
  }
  return { table, use: new FlowLists(table, "use"), age: new FlowLists(table, "age") };
}

/** Takes a list apart from its head. */
function drain(all: FlowLists, list: number): number[] {
  const order: number[] = [];
  for (let flow = all.head(list); flow >= 0; flow = all.head(list)) {
    order.push(flow);
    all.remove(list, flow);
  }
  return order;
}

describe("FlowLists", () => {
  it("begin empty and keep the order of appending", () => {
    const { use } = lists();
    assert.equal(use.head(0), -1);
    for (const flow of [3, 0, 5]) use.append(0, flow);
    assert.deepEqual(drain(use, 0), [3, 0, 5]);
    assert.equal(use.head(0), -1);
    use.append(0, 1);
    assert.deepEqual(drain(use, 0), [1]);
  });

  it("remove the first, the middle and the last", () => {
    for (const [removed, left] of [
      [0, [1, 2]],
      [1, [0, 2]],
      [2, [0, 1]],
    ] as const) {
      const { use } = lists();
      for (const flow of [0, 1, 2]) use.append(0, flow);
      use.remove(0, removed);
      use.append(0, 4);
      assert.deepEqual(drain(use, 0), [...left, 4]);
    }
  });

  it("move to the end, from the end as well", () => {
    const { use } = lists();
    for (const flow of [0, 1, 2]) use.append(0, flow);
    use.moveToEnd(0, 0);
    use.moveToEnd(0, 0);
    use.moveToEnd(0, 2);
    assert.deepEqual(drain(use, 0), [1, 0, 2]);
  });

  it("are apart by listener, by kind, and moved flows from others", () => {
    const { use, age } = lists();
    for (const flow of [0, 1, 2]) age.append(0, flow);
    use.append(0, 2);
    use.append(1, 1);
    use.append(MOVED_LIST, 0);
    use.append(MOVED_LIST + 255, 3);
    assert.deepEqual([drain(use, 0), drain(use, 1)], [[2], [1]]);
    assert.deepEqual([drain(use, MOVED_LIST), drain(use, MOVED_LIST + 255)], [[0], [3]]);
    assert.deepEqual(drain(age, 0), [0, 1, 2]);
  });

  it("go on when the table has grown", () => {
    const { table, use } = lists();
    for (const flow of [0, 1, 2]) use.append(0, flow);
    table.grow(1000);
    use.moveToEnd(0, 0);
    assert.deepEqual(drain(use, 0), [1, 2, 0]);
  });
});
