/** The conformance suite on the memory plane, in virtual time: what is above sockets, exactly and without waiting. */
import { describe } from "node:test";
import { defineAreas } from "./suite/all.js";
import { createMemoryPlane } from "./suite/planes.js";

describe("memory plane", () => defineAreas(createMemoryPlane(), "flows", "changes", "failures"));
