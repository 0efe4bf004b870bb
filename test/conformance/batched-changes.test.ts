/** The conformance suite on the batched plane: what changes at run time, and what is seen of it. */
import { describe } from "node:test";
import { defineAreas } from "./suite/all.js";
import { BATCHED, NO_BATCHED } from "./suite/planes.js";

describe("batched plane", { skip: NO_BATCHED }, () => defineAreas(BATCHED, "changes"));
