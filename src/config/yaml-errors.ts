/** Says in plain words what is wrong with the form of a YAML text. */
import type { YAMLError } from "yaml";
import { quote } from "./key-path.js";

/** Completes `FILE:LINE:COLUMN: …`. */
export function describeSyntaxError({ code, message, pos }: YAMLError, text: string): string {
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
      return `not valid YAML: ${message.slice(0, 1).toLowerCase()}${message.slice(1)}${hint}`;
  }
}

/** `address: [::]:53` is a list to YAML; the error comes at the colon after the bracket. */
function beginsWithBareIpv6(text: string, offset: number): boolean {
  const lineStart = text.lastIndexOf("\n", Math.max(0, offset - 1)) + 1;
  return /(:|-)\s+\[[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*\]?:?$/.test(text.slice(lineStart, offset + 1));
}
