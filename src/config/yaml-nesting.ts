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

/** The offset at which the text nests too deep, or undefined when it is fit for the parser. */
export function findDeepNesting(text: string): number | undefined {
  let offset = 0;
  let brackets = 0;
  let indicators = 0;
  let atLineStart = true;
  /** Where an indentation began that is too deep if anything follows it. */
  let indentAt: number | undefined;
  for (const token of new Lexer().lex(text)) {
    if (token === "[" || token === "{") brackets++;
    else if (token === "]" || token === "}") brackets = Math.max(0, brackets - 1);
    else if (token === "?") indicators++;
    else if ((token === "-" || token === ":") && brackets === 0) indicators++;
    // Only before content: a blank line or a comment opens no level, however far to the right.
    if (indentAt !== undefined && !isBlank(token)) return indentAt;
    const isIndent = atLineStart && brackets === 0 && token.startsWith(" ");
    indentAt = isIndent && token.length > MAX_INDENT ? offset : undefined;
    if (brackets > MAX_BRACKETS || indicators > MAX_INDICATORS) return offset;
    // A line break has a token of its own; text over several lines, such as a block scalar, is one token.
    atLineStart = token.endsWith("\n");
    if (atLineStart && brackets === 0) indicators = 0;
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
