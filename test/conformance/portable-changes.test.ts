/** The conformance suite on the portable plane: what changes at run time, and what is seen of it. */
import { describe } from "node:test";
import { defineAreas } from "./suite/all.js";
import { PORTABLE } from "./suite/planes.js";

describe("portable plane", () => defineAreas(PORTABLE, "changes"));
