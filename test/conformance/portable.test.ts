/** The conformance suite on the portable plane: how flows are given out, live and end. */
import { describe } from "node:test";
import { defineAreas } from "./suite/all.js";
import { PORTABLE } from "./suite/planes.js";

describe("portable plane", () => defineAreas(PORTABLE, "flows"));
