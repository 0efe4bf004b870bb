import type { Traffic } from "../api.js";

/** One direction of several listeners or backends together. */
export function sumTraffic<Direction extends "requests" | "replies">(
  parts: readonly Readonly<Record<Direction, Traffic>>[],
  direction: Direction,
): { datagrams: number; bytes: number } {
  return {
    datagrams: parts.reduce((sum, part) => sum + part[direction].datagrams, 0),
    bytes: parts.reduce((sum, part) => sum + part[direction].bytes, 0),
  };
}
