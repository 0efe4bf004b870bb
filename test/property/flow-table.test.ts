/** The flow table against a plain Map, with keys that collide: by few buckets, and by hashes forced to be equal. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import * as R from "#src/core/flow-record.js";
import { FlowTable } from "#src/core/flow-table.js";

type Step =
  | { readonly do: "insert"; readonly key: number }
  | { readonly do: "find"; readonly key: number }
  | { readonly do: "detach"; readonly pick: number }
  | { readonly do: "remove"; readonly pick: number }
  | { readonly do: "grow"; readonly by: number };

const keys = fc.nat(40);
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("insert" as const), key: keys }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("find" as const), key: keys }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom("detach", "remove", "remove" as const), pick: fc.nat() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("grow" as const), by: fc.integer({ min: -3, max: 20 }) }),
  },
);

class Run {
  readonly #table: FlowTable;
  /** How many different hashes there are; 0 for the real hash. */
  readonly #hashes: number;
  #capacity: number;
  /** Key → flow that `find` must give. */
  readonly #open = new Map<number, number>();
  /** Live flow → its key. */
  readonly #live = new Map<number, number>();

  constructor(capacity: number, hashes: number) {
    this.#table = new FlowTable(capacity, 5);
    this.#capacity = capacity;
    this.#hashes = hashes;
  }

  step(step: Step): void {
    if (step.do === "insert") this.#insert(step.key);
    else if (step.do === "find") assert.equal(this.#find(step.key), this.#open.get(step.key) ?? -1);
    else if (step.do === "detach" || step.do === "remove") this.#end(step.do, step.pick);
    else this.#grow(step.by);
  }

  check(): void {
    assert.equal(this.#table.live, this.#live.size);
    assert.equal(this.#table.capacity, this.#capacity);
    for (let key = 0; key <= 40; key++)
      assert.equal(this.#find(key), this.#open.get(key) ?? -1, `key ${key}`);
    for (let flow = 0; flow < this.#table.highWater; flow++) {
      assert.equal(this.#table.isLive(flow), this.#live.has(flow));
      const key = this.#live.get(flow);
      if (key === undefined) continue;
      assert.equal(this.#table.u32[flow * R.RECORD_WORDS + (key % R.KEY_WORDS)], key + 1);
      assert.equal(this.#table.f64[flow * R.RECORD_DOUBLES + R.CREATED_AT], key * 1.5);
    }
  }

  #insert(key: number): void {
    if (this.#open.has(key)) return;
    const flow = this.#table.insert(this.#hash(key));
    if (this.#live.size === this.#capacity) {
      assert.equal(flow, -1);
      return;
    }
    assert.ok(flow >= 0 && flow < this.#capacity && !this.#live.has(flow));
    this.#table.f64[flow * R.RECORD_DOUBLES + R.CREATED_AT] = key * 1.5;
    this.#open.set(key, flow);
    this.#live.set(flow, key);
  }

  #end(how: "detach" | "remove", pick: number): void {
    const flow = [...this.#live.keys()][pick % Math.max(1, this.#live.size)];
    const key = this.#live.get(flow);
    if (key === undefined) return;
    if (this.#open.get(key) === flow) this.#open.delete(key);
    if (how === "detach") {
      this.#table.detach(flow, pick % 2 ? R.DETACHED : R.MOVED);
      return;
    }
    this.#table.remove(flow);
    this.#live.delete(flow);
  }

  #grow(by: number): void {
    this.#table.grow(this.#capacity + by);
    this.#capacity += Math.max(0, by);
  }

  #find(key: number): number {
    return this.#table.find(this.#hash(key));
  }

  /** Writes the key, which differs from others in one word or another, and gives its hash. */
  #hash(key: number): number {
    this.#table.key.fill(0);
    this.#table.key[key % R.KEY_WORDS] = key + 1;
    return this.#hashes === 0 ? this.#table.hashKey() : key % this.#hashes;
  }
}

describe("FlowTable", () => {
  it("is a bounded Map from key to flow, whatever happens and however keys collide", () => {
    const script = fc.array(steps, { minLength: 20, maxLength: 120, size: "max" });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom(0, 1, 2, 7),
        script,
        (capacity, hashes, all) => {
          const run = new Run(capacity, hashes);
          for (const step of all) run.step(step);
          run.check();
        },
      ),
      { numRuns: 500 },
    );
  });
});
