/** Says in plain words what is wrong with the form of a YAML text. */
import { quote } from "./key-path.js";
import type { SyntaxFault } from "./yaml-compose.js";

/** What the parser quotes may be all of the text. */
const MAX_MESSAGE = 300;
/** Before the error; more than any address is long. */
const LOOK_BACK = 100;

/** Completes `FILE:LINE:COLUMN: …`. Looks at a bounded part of the text, for there may be an error at each of its characters. */
export function describeSyntaxError({ code, message, pos }: SyntaxFault, text: string): string {
  const hint = beginsWithBareIpv6(text, pos[0])
    ? '; an IPv6 address needs quotes here, such as "[::]:53"'
    : "";
  switch (code) {
    case "MULTIPLE_DOCS":
      return "a second document begins here, expected one document in a file";
    case "TAB_AS_INDENT":
      return "found a tab as indentation, expected spaces";
    case "BLOCK_AS_IMPLICIT_KEY":
      return "found a second key on this line, expected quotes around a value with a colon and a space in it";
    case "TAG_RESOLVE_FAILED":
      return `found the tag ${quote(text.slice(...pos))}, expected a value without a tag`;
    default:
      return `not valid YAML: ${message.slice(0, 1).toLowerCase()}${message.slice(1, MAX_MESSAGE)}${hint}`;
  }
}

/** `address: [::]:53` is a list to YAML; the error comes at the colon after the bracket. */
function beginsWithBareIpv6(text: string, offset: number): boolean {
  const before = text.slice(Math.max(0, offset - LOOK_BACK), offset + 1);
  const line = before.slice(before.lastIndexOf("\n", before.length - 2) + 1);
  return /(:|-)\s+\[[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*\]?:?$/.test(line);
}
