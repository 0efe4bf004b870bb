/**
 * From YAML text to the yaml package's document, with a bound on errors: the package makes an object with a stack trace of each,
 * which takes minutes where every character is one.
 */
import { Composer, type Document, type LineCounter, Parser, type YAMLError } from "yaml";

/** What is wrong with the form of a text, at an offset of it. */
export type SyntaxFault = Pick<YAMLError, "code" | "message" | "pos">;

export interface Composed {
  readonly document: Document.Parsed | undefined;
  readonly faults: readonly SyntaxFault[];
  /** Whether the text was given up before its end. */
  readonly isCut: boolean;
}

/** More than are ever shown. */
const MAX_FAULTS = 1_000;

type Source = number | readonly [number, number] | { readonly offset: number; readonly source?: string };
/** What the composer calls for each error and warning: its documented `onError` of node composers, set by its constructor. */
type OnError = (source: Source, code: SyntaxFault["code"], message: string) => void;

class TooManyFaults extends Error {}

export function composeYaml(text: string, lines: LineCounter): Composed {
  const faults: SyntaxFault[] = [];
  // With uniqueKeys the parser compares the keys of a map in pairs, which takes minutes for a large map. Tags of YAML 1.1
  // such as !!set and !!omap make objects of other kinds, whose content nothing here would see.
  const composer = new Composer({ prettyErrors: false, uniqueKeys: false, resolveKnownTags: false });
  const onError: OnError = (source, code, message) => {
    faults.push({ code, message, pos: positionOf(source) });
    if (faults.length >= MAX_FAULTS) throw new TooManyFaults();
  };
  Object.assign(composer, { onError });
  try {
    const document = composeFirst(composer, text, lines, onError);
    const all = [...faults, ...(document?.errors ?? []), ...(document?.warnings ?? [])];
    return { document, faults: all.sort((a, b) => a.pos[0] - b.pos[0]), isCut: false };
  } catch (error) {
    if (error instanceof TooManyFaults) return { document: undefined, faults, isCut: true };
    throw error;
  }
}

/** The first document; that there is another one is an error. */
function composeFirst(composer: Composer, text: string, lines: LineCounter, onError: OnError) {
  let first: Document.Parsed | undefined;
  const parser = new Parser(lines.addNewLine);
  for (const document of composer.compose(parser.parse(text), true, text.length)) {
    first ??= document as Document.Parsed;
    if (document === first) continue;
    onError(document.range.slice(0, 2) as [number, number], "MULTIPLE_DOCS", "more than one document");
    return first;
  }
  return first;
}

function positionOf(source: Source): [number, number] {
  if (typeof source === "number") return [source, source + 1];
  if ("offset" in source) return [source.offset, source.offset + (source.source?.length ?? 1)];
  return [source[0], source[1]];
}
