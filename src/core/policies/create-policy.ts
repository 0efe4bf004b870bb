/** The one place that knows which class implements which policy. */
import type { PolicyName } from "../snapshot.js";
import { LeastFlowsPolicy } from "./least-flows.js";
import { LeastOutstandingPolicy } from "./least-outstanding.js";
import { MaglevPolicy } from "./maglev.js";
import type { Policy, PolicyInput } from "./policy.js";
import { RandomPolicy } from "./random.js";
import { RoundRobinPolicy } from "./round-robin.js";

/** @throws SluiceError when `maglev` is given a table size that is not a prime above the number of candidates. */
export function createPolicy(name: PolicyName, input: PolicyInput): Policy {
  switch (name) {
    case "round-robin":
      return new RoundRobinPolicy(input);
    case "random":
      return new RandomPolicy(input);
    case "least-flows":
      return new LeastFlowsPolicy(input);
    case "least-outstanding":
      return new LeastOutstandingPolicy(input);
    case "maglev":
      return new MaglevPolicy(input);
  }
}
