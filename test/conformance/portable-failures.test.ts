/** The conformance suite on the portable plane: sockets, and backends that fail. */
import { describe } from "node:test";
import { defineAreas } from "./suite/all.js";
import { PORTABLE } from "./suite/planes.js";

describe("portable plane", () => defineAreas(PORTABLE, "failures", "states", "kills"));
