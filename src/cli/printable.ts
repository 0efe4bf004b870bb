/**
 * Text from the network as a terminal may show it: a stranger's datagram must not move the cursor or change colours.
 */

/** Control characters as `\xNN`; everything else as it is. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
