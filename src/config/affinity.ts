/** Affinity as people write it: `none`, `client`, `client-ip`, `client-ip/24`, `client-ip/24,56`. */
import { SluiceError } from "../core/errors.js";
import type { Affinity } from "../core/snapshot.js";
import { quote } from "./key-path.js";

/** The text form, for JSON Schema; the bounds of the prefixes are not part of it. */
export const AFFINITY_PATTERN = "^(none|client|client-ip(/[0-9]{1,2}(,[0-9]{1,3})?)?)$";
/** Completes "expected …". */
export const AFFINITY_EXPECTED =
  "none, client, client-ip or client-ip/V4,V6 with prefix lengths 1..32 and 1..128";

/**
 * Reads an affinity. A prefix that is not given is the whole address: 32 for IPv4, 128 for IPv6.
 * @throws SluiceError with code `AFFINITY_INVALID`
 */
export function parseAffinity(text: string): Affinity {
  if (text === "none" || text === "client") return { kind: text };
  const match = /^client-ip(?:\/([1-9]\d?)(?:,([1-9]\d{0,2}))?)?$/.exec(text);
  const prefix4 = Number(match?.[1] ?? 32);
  const prefix6 = Number(match?.[2] ?? 128);
  if (match === null || prefix4 > 32 || prefix6 > 128) {
    throw new SluiceError("AFFINITY_INVALID", `found ${quote(text)}, expected ${AFFINITY_EXPECTED}`);
  }
  return { kind: "client-ip", prefix4, prefix6 };
}

/** The shortest text that `parseAffinity` reads as this affinity. */
export function formatAffinity(affinity: Affinity): string {
  if (affinity.kind !== "client-ip") return affinity.kind;
  const { prefix4, prefix6 } = affinity;
  if (prefix6 !== 128) return `client-ip/${prefix4},${prefix6}`;
  return prefix4 === 32 ? "client-ip" : `client-ip/${prefix4}`;
}
