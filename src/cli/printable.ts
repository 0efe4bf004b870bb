/**
 * Text from the network as a terminal may show it: a stranger's datagram must not move the cursor or change colours.
 */

const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;
const UNSAFE_IN_BLOCK = /(?!\n)[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Control characters as `\xNN`, and those that turn the direction of writing as `\u{NNNN}`; everything else as it is. */
export function printable(text: string): string {
  return text.replace(UNSAFE, show);
}

/** The same for text of several lines: what breaks lines stays. */
export function printableLines(text: string): string {
  return text.replace(UNSAFE_IN_BLOCK, show);
}

/** JSON escapes only what is below U+0020 by itself; the rest is escaped here, and means the same to whoever parses it. */
export function printableJson(json: string): string {
  return json.replace(UNSAFE_IN_BLOCK, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function show(char: string): string {
  const code = char.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
}
