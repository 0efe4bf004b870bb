/**
 * A look at the nesting of YAML text before it is parsed. The parser of the yaml package calls itself for each
 * level; with thousands of levels it can exhaust the stack in the middle of compiling a regular expression, and V8
 * then ends the whole process instead of throwing. A config has six levels.
 */
import { Lexer } from "yaml";

const MAX_BRACKETS = 50;
/** Indicators (`- `, `? `, `: `) of one line outside of brackets, each of which can open a level. */
const MAX_INDICATORS = 50;
const MAX_INDENT = 200;

export interface Misfit {
  readonly offset: number;
  /** Too deep; or a closing bracket where none of its kind is open, for a text of these would be an error at each of its characters. */
  readonly kind: "deep" | "closes-nothing";
}

/** Where the text is not fit for the parser; undefined when it is. */
export function findMisfit(text: string): Misfit | undefined {
  let offset = 0;
  /** Those that are open. */
  const open: string[] = [];
  let indicators = 0;
  let atLineStart = true;
  /** Where an indentation began that is too deep if anything follows it. */
  let indentAt: number | undefined;
  for (const token of new Lexer().lex(text)) {
    if (token === "[" || token === "{") open.push(token);
    else if (token === "]" || token === "}") {
      if (open.pop() !== (token === "]" ? "[" : "{")) return { offset, kind: "closes-nothing" };
    } else if (token === "?") indicators++;
    else if ((token === "-" || token === ":") && open.length === 0) indicators++;
    // Only before content: a blank line or a comment opens no level, however far to the right.
    if (indentAt !== undefined && !isBlank(token)) return { offset: indentAt, kind: "deep" };
    const isIndent = atLineStart && open.length === 0 && token.startsWith(" ");
    indentAt = isIndent && token.length > MAX_INDENT ? offset : undefined;
    if (open.length > MAX_BRACKETS || indicators > MAX_INDICATORS) return { offset, kind: "deep" };
    // A line break has a token of its own; text over several lines, such as a block scalar, is one token.
    atLineStart = token.endsWith("\n");
    if (atLineStart && open.length === 0) indicators = 0;
    offset += isControl(token) ? 0 : token.length;
  }
  return undefined;
}

function isBlank(token: string): boolean {
  return token.startsWith("#") || token === "\n" || token === "\r\n";
}

/** The lexer marks the start of a document, a scalar and the like with characters that are not in the text. */
function isControl(token: string): boolean {
  return token === "\u0002" || token === "\u0018" || token === "\u001f" || token === "\ufeff";
}
