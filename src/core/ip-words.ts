/**
 * The word form of IP addresses: four 32-bit words in a `Uint32Array`, most significant first, an IPv4 address in
 * its IPv4-mapped IPv6 form (RFC 4291 section 2.5.5.2). Hot: every datagram's client address passes here, so nothing
 * but the result string of `formatIpWords` is allocated.
 */

/** The third word of an IPv4-mapped address; the first two are 0. */
export const MAPPED_WORD = 0xffff;

const COLON = 0x3a;
const DOT = 0x2e;

/**
 * Reads an IP address text into four words. Strict: IPv4 is four decimal numbers without leading zeros, IPv6 any text
 * form of RFC 4291 section 2.2. A `%zone` after an IPv6 address is skipped, as `rinfo.address` of `node:dgram` has one.
 * Returns false when the text is not an address; the four words are then undefined.
 */
export function writeIpWords(text: string, out: Uint32Array, offset: number): boolean {
  if (text.indexOf(":") >= 0) return writeIpv6(text, out, offset);
  out[offset] = 0;
  out[offset + 1] = 0;
  out[offset + 2] = MAPPED_WORD;
  return writeIpv4(text, 0, text.length, out, offset + 3);
}

/** Writes the dotted quad in `text[start..end)` as one word. */
function writeIpv4(text: string, start: number, end: number, out: Uint32Array, index: number): boolean {
  let word = 0;
  let at = start;
  for (let part = 0; part < 4; part++) {
    if (part > 0 && text.charCodeAt(at++) !== DOT) return false;
    const first = at;
    let value = 0;
    while (at < end && at - first < 3) {
      const digit = text.charCodeAt(at) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      at++;
    }
    const leadingZero = at - first > 1 && text.charCodeAt(first) === 0x30;
    if (at === first || value > 255 || leadingZero) return false;
    word = (word << 8) | value;
  }
  out[index] = word;
  return at === end;
}

function writeIpv6(text: string, out: Uint32Array, offset: number): boolean {
  const percent = text.indexOf("%");
  const end = percent < 0 ? text.length : percent;
  for (let i = 0; i < 4; i++) out[offset + i] = 0;
  let groups = 0;
  let gap = -1; // the group before which `::` stands
  let at = 0;
  if (startsGap(text, 0, end)) {
    gap = 0;
    at = 2;
  }
  while (at < end) {
    if (groups === 8) return false;
    const stop = groupEnd(text, at, end);
    if (stop < end && text.charCodeAt(stop) === DOT) {
      // An embedded IPv4 address is the last 32 bits, so it is two groups and ends the text.
      if (groups > 6 || !writeEmbedded(text, at, end, out, offset, groups)) return false;
      groups += 2;
      break;
    }
    if (stop === at) return false;
    setGroup(out, offset, groups++, parseGroup(text, at, stop));
    at = stop;
    if (at === end) break;
    if (startsGap(text, at, end)) {
      if (gap >= 0) return false;
      gap = groups;
      at += 2;
    } else if (text.charCodeAt(at) !== COLON || ++at === end) return false;
  }
  if (gap < 0) return groups === 8;
  return openGap(out, offset, gap, groups);
}

function startsGap(text: string, at: number, end: number): boolean {
  return at + 1 < end && text.charCodeAt(at) === COLON && text.charCodeAt(at + 1) === COLON;
}

/** Where the hexadecimal digits from `at` end, at most four of them. */
function groupEnd(text: string, at: number, end: number): number {
  const limit = Math.min(end, at + 4);
  let stop = at;
  while (stop < limit && hexDigit(text.charCodeAt(stop)) >= 0) stop++;
  return stop;
}

function parseGroup(text: string, at: number, stop: number): number {
  let value = 0;
  for (let i = at; i < stop; i++) value = (value << 4) | hexDigit(text.charCodeAt(i));
  return value;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** Reads the dotted quad at `at` as groups `group` and `group + 1`, which may lie in two words. */
function writeEmbedded(
  text: string,
  at: number,
  end: number,
  out: Uint32Array,
  offset: number,
  group: number,
): boolean {
  // The last word is free until here: no group beyond `group` is written yet, and group 6 is its own high half.
  if (!writeIpv4(text, at, end, out, offset + 3)) return false;
  if (group === 6) return true;
  const word = out[offset + 3];
  out[offset + 3] = 0;
  setGroup(out, offset, group, word >>> 16);
  setGroup(out, offset, group + 1, word & 0xffff);
  return true;
}

/** Moves the groups after `::` to the end. `::` stands for at least one group (RFC 4291 section 2.2). */
function openGap(out: Uint32Array, offset: number, gap: number, groups: number): boolean {
  if (groups === 8) return false;
  for (let from = groups - 1, to = 7; from >= gap; from--, to--) {
    const value = groupAt(out, offset, from);
    setGroup(out, offset, from, 0);
    setGroup(out, offset, to, value);
  }
  return true;
}

function groupAt(words: Uint32Array, offset: number, group: number): number {
  const word = words[offset + (group >> 1)];
  return group & 1 ? word & 0xffff : word >>> 16;
}

function setGroup(words: Uint32Array, offset: number, group: number, value: number): void {
  const index = offset + (group >> 1);
  words[index] = group & 1 ? (words[index] & 0xffff0000) | value : (words[index] & 0xffff) | (value << 16);
}

/** The text of four words: an IPv4-mapped address as a dotted quad, others as RFC 5952 says. */
export function formatIpWords(words: Uint32Array, offset: number): string {
  return isMapped(words, offset) ? formatIpv4Word(words[offset + 3]) : formatIpv6Words(words, offset);
}

export function isMapped(words: Uint32Array, offset: number): boolean {
  return words[offset] === 0 && words[offset + 1] === 0 && words[offset + 2] === MAPPED_WORD;
}

export function formatIpv4Word(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

/** RFC 5952 section 4: lower case, no leading zeros, `::` for the first longest run of two or more zero groups. */
function formatIpv6Words(words: Uint32Array, offset: number): string {
  let gap = 8;
  let gapLength = 1;
  for (let group = 0, run = 0; group < 8; group++) {
    run = groupAt(words, offset, group) === 0 ? run + 1 : 0;
    if (run > gapLength) {
      gapLength = run;
      gap = group - run + 1;
    }
  }
  let text = "";
  for (let group = 0; group < 8; group++) {
    if (group === gap) {
      text += "::";
      group += gapLength - 1;
    } else {
      if (group > 0 && group !== gap + gapLength) text += ":";
      text += groupAt(words, offset, group).toString(16);
    }
  }
  return text;
}

/**
 * Keeps the leading bits of four words, in place, and clears the rest: `prefix4` (0 to 32) bits of an IPv4 address,
 * `prefix6` (0 to 128) bits of any other.
 */
export function maskWords(words: Uint32Array, offset: number, prefix4: number, prefix6: number): void {
  keepBits(words, offset, isMapped(words, offset) ? 96 + prefix4 : prefix6);
}

/** Keeps the first `bits` (0 to 128) of four words, in place, whatever the family. */
export function keepBits(words: Uint32Array, offset: number, bits: number): void {
  for (let i = 0; i < 4; i++) {
    const kept = bits - 32 * i;
    if (kept <= 0) words[offset + i] = 0;
    else if (kept < 32) words[offset + i] &= -1 << (32 - kept);
  }
}
