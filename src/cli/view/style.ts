/** Colours of the terminal, where it is one: sixteen colours, which every theme makes readable. */

/** SGR parameters (ECMA-48 section 8.3.117). */
const CODES = {
  bold: "1",
  dim: "2",
  inverse: "7",
  red: "31",
  green: "32",
  yellow: "33",
  cyan: "36",
} as const;
export type Style = keyof typeof CODES;

/** Puts a text into a style, or leaves it as it is. */
export type Painter = (text: string, style: Style | undefined) => string;

export const plain: Painter = (text) => text;

export const coloured: Painter = (text, style) =>
  style === undefined || text === "" ? text : `\u001b[${CODES[style]}m${text}\u001b[0m`;

/** Colours only where a person looks, and not against their wish (https://no-color.org). */
export function choosePainter(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Painter {
  return stream.isTTY && !env.NO_COLOR && env.TERM !== "dumb" ? coloured : plain;
}
