/** Text as the page may show it: no control character, and none that turns the direction of writing for what stands beside it. */

const UNSAFE = /(?![\n\t])[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** Such characters as `\xNN` or `\u{NNNN}`, as the command line shows them; what breaks lines stays. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** The same for all text among the children of an element; everything else is left as it is. */
export function printableChildren(children: unknown): unknown {
  if (typeof children === "string") return printable(children);
  return Array.isArray(children) ? children.map(printableChildren) : children;
}
