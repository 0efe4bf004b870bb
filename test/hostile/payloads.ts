/** Payloads as attackers send them: noise, and requests of real protocols with a few bytes changed or cut off. */
import type { DrawBelow } from "#src/lab/seeded-random.js";

const REQUESTS = [
  "PING 1 12:00:00",
  "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03org\x00\x00\x01\x00\x01",
  `\xc3\x00\x00\x00\x01\x08${"\x5a".repeat(8)}\x00\x00\x44\x9e`,
  "<34>1 2026-01-01T00:00:00Z host app - - - message",
  "OPTIONS sip:a@example.org SIP/2.0\r\nVia: SIP/2.0/UDP host;branch=z9hG4bK1\r\n\r\n",
].map((text) => Buffer.from(text, "latin1"));
const NOISE_BYTES = 65_536;
const LONGEST = 1400;

/** Answers a function that writes one payload at `at` and says how long it is. */
export function createPayloads(draw: DrawBelow): (into: Uint8Array, at: number) => number {
  const noise = Uint8Array.from({ length: NOISE_BYTES }, () => draw(256));
  const writeNoise = (into: Uint8Array, at: number): number => {
    const bytes = draw(draw(8) === 0 ? LONGEST : 96);
    const from = draw(NOISE_BYTES - LONGEST);
    into.set(noise.subarray(from, from + bytes), at);
    return bytes;
  };
  return (into, at) => {
    if (draw(2) === 0) return writeNoise(into, at);
    const request = REQUESTS[draw(REQUESTS.length)];
    into.set(request, at);
    const bytes = draw(3) === 0 ? draw(request.length + 1) : request.length;
    for (let changes = draw(4); changes > 0 && bytes > 0; changes--) into[at + draw(bytes)] = draw(256);
    return bytes;
  };
}
