// Blanks the comments and literals of TypeScript source, so that a search in what is left finds code only.
// Every blanked character becomes a space and every line break stays: offsets and line numbers still fit.

/** A `/` after one of these begins a regular expression, otherwise it divides. */
const BEFORE_REGEX = /(^|[(,=:[!&|?{};+\-*%<>~^]|\b(return|typeof|case|in|of|do|else|void|await|yield))$/;

/**
 * @param {string} source
 * @returns {string} the same length, with comments and the insides of string, template and regex literals blank
 */
export function blankSource(source) {
  const out = [];
  /** Braces still open inside each `${...}` that we are in. */
  const templateDepths = [];
  let at = 0;
  while (at < source.length) {
    const end = literalEnd(source, at, out, templateDepths);
    if (end === at) out.push(source[at++]);
    else while (at < end) out.push(blank(source[at++]));
  }
  return out.join("");
}

/** Where the comment or literal that begins at `at` ends; `at` itself when code is there. */
function literalEnd(source, at, out, templateDepths) {
  const char = source[at];
  const pair = source.slice(at, at + 2);
  if (pair === "//") return indexOrEnd(source, "\n", at);
  if (pair === "/*") return indexOrEnd(source, "*/", at + 2) + 2;
  if (char === '"' || char === "'") return quotedEnd(source, at, char);
  if (char === "`") return templateEnd(source, at + 1, templateDepths);
  if (char === "/" && BEFORE_REGEX.test(out.slice(-200).join("").trimEnd())) return regexEnd(source, at);
  const depth = templateDepths.length - 1;
  if (depth < 0) return at;
  if (char === "{") templateDepths[depth]++;
  if (char === "}" && templateDepths[depth]-- === 0) {
    templateDepths.pop();
    return templateEnd(source, at + 1, templateDepths);
  }
  return at;
}

function blank(char) {
  return char === "\n" || char === "\r" ? char : " ";
}

function indexOrEnd(source, text, from) {
  const index = source.indexOf(text, from);
  return index < 0 ? source.length : index;
}

function quotedEnd(source, at, quote) {
  let end = at + 1;
  while (end < source.length && source[end] !== quote && source[end] !== "\n")
    end += source[end] === "\\" ? 2 : 1;
  return Math.min(end + 1, source.length);
}

/** The end of a template's text: after its closing backtick, or after the `${` of its next placeholder. */
function templateEnd(source, from, templateDepths) {
  let end = from;
  while (end < source.length && source[end] !== "`") {
    if (source[end] === "$" && source[end + 1] === "{") {
      templateDepths.push(0);
      return end + 2;
    }
    end += source[end] === "\\" ? 2 : 1;
  }
  return Math.min(end + 1, source.length);
}

function regexEnd(source, at) {
  let end = at + 1;
  let inClass = false;
  while (end < source.length && source[end] !== "\n" && (inClass || source[end] !== "/")) {
    if (source[end] === "[") inClass = true;
    if (source[end] === "]") inClass = false;
    end += source[end] === "\\" ? 2 : 1;
  }
  return Math.min(end + 1, source.length);
}
