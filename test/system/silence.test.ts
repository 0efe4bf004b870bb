/** The detector of silence: hours of virtual time, in which it ejects nobody who is well. `SLUICE_SEEDS` plays more of them. */
import { describe } from "node:test";
import { defineQuietHours } from "../support/silence-scenes.js";

describe("SilenceDetector: an hour with loss, bursts, pauses and slow replies", () => defineQuietHours(1));
