import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { POLICIES } from "../snapshot.js";
import { createPolicy } from "./create-policy.js";
import type { Candidate, Policy } from "./policy.js";

function create(
  name: (typeof POLICIES)[number],
  candidates: readonly Candidate[],
  previous?: Policy,
): Policy {
  const load = { activeFlows: () => 0, outstanding: () => 0 };
  return createPolicy(name, { candidates, maglevTableSize: 251, load, random: () => 0.5, previous });
}

const three = [7, 3, 4095].map((slot) => ({ slot, name: `b${slot}`, weight: 1 }));

describe("createPolicy", () => {
  for (const name of POLICIES) {
    it(`makes ${name}, which chooses slots of candidates alone`, () => {
      const policy = create(name, three);
      assert.equal(policy.name, name);
      for (let hash = 0; hash < 300; hash++) assert.ok([7, 3, 4095].includes(policy.choose(hash)));
    });

    it(`makes ${name} without candidates, and after any other policy`, () => {
      assert.equal(create(name, []).choose(1), -1);
      for (const former of POLICIES) {
        for (const candidates of [[], three]) {
          const policy = create(name, three, create(former, candidates));
          assert.equal(policy.name, name);
          assert.ok([7, 3, 4095].includes(policy.choose(1)));
        }
      }
    });

    it(`makes ${name} of one candidate, which it always chooses`, () => {
      const policy = create(name, three.slice(2));
      for (let hash = 0; hash < 10; hash++) assert.equal(policy.choose(hash), 4095);
    });
  }
});
