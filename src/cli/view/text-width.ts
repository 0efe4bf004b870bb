/** How many columns of a terminal a text takes. Names of ours are ASCII; reasons and messages may hold anything. */

/** East Asian wide and fullwidth forms (Unicode UAX #11, W and F, in whole blocks), and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
/** What is drawn onto the character before it, or not at all. */
const NARROWEST = /[\p{Mn}\p{Me}\p{Cf}]/u;
const ONLY_ASCII = /^[\x20-\x7e]*$/;

/** Of text without control characters. */
export function textWidth(text: string): number {
  if (ONLY_ASCII.test(text)) return text.length;
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** At most `width` columns of it; where something is cut off, the last one is `…`. */
export function cutText(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  if (width <= 0) return "";
  let kept = "";
  let taken = 0;
  for (const char of text) {
    taken += charWidth(char);
    if (taken > width - 1) break;
    kept += char;
  }
  return `${kept}…`;
}

/** Exactly `width` columns: cut, or filled with spaces. */
export function fitText(text: string, width: number, align: "left" | "right" = "left"): string {
  const cut = cutText(text, width);
  const fill = " ".repeat(Math.max(0, width - textWidth(cut)));
  return align === "left" ? cut + fill : fill + cut;
}

function charWidth(char: string): number {
  if (NARROWEST.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}
