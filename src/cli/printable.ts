/**
 * Text from the network as a terminal may show it: a stranger's datagram must not move the cursor or change colours.
 */

/** Control characters as `\xNN`, and those that turn the direction of writing as `\u{NNNN}`; everything else as it is. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}
