/** The conformance suite on the batched plane: sockets, and backends that fail. */
import { describe } from "node:test";
import { defineAreas } from "./suite/all.js";
import { BATCHED, NO_BATCHED } from "./suite/planes.js";

describe("batched plane", { skip: NO_BATCHED }, () => defineAreas(BATCHED, "failures", "states", "kills"));
