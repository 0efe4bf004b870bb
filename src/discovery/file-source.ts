/** Backends from a file: read when it changes. A file that cannot be used, half written or wrong, changes nothing. */
import type { BackendConfig } from "../config/config.js";
import { ConfigError, describeMore, formatProblem } from "../config/config-error.js";
import type { FileSourceConfig } from "../config/discover.js";
import { loadBackendsFile } from "../config/load-config.js";
import { LastAnswer } from "./last-answer.js";
import type { Source, SourceContext, SourceStatus } from "./source.js";
import { type FileWatch, watchFile } from "./watch-file.js";

export function createFileSource({ path }: FileSourceConfig, context: SourceContext): Source {
  return new FileSource(path, context);
}

class FileSource implements Source {
  readonly #path: string;
  readonly #context: SourceContext;
  readonly #last: LastAnswer;
  #watch: FileWatch | undefined;
  #reading: Promise<void> | undefined;
  #isAskedAgain = false;
  #isClosed = false;

  constructor(path: string, context: SourceContext) {
    this.#path = path;
    this.#context = context;
    this.#last = new LastAnswer(context);
  }

  get backends(): readonly BackendConfig[] {
    return this.#last.backends;
  }

  start(): Promise<void> {
    this.#watch = watchFile(this.#path, () => void this.#read(), this.#context.clock);
    return this.#read();
  }

  /** It has no time for the next look: a change is noticed when it happens. */
  status(): SourceStatus {
    return this.#last.status(undefined);
  }

  close(): void {
    this.#isClosed = true;
    this.#watch?.close();
  }

  /** One at a time: changed again meanwhile, the file is read once more, so that the last word counts. */
  #read(): Promise<void> {
    this.#isAskedAgain = this.#reading !== undefined;
    this.#reading ??= this.#readOnce().then(async () => {
      this.#reading = undefined;
      if (this.#isAskedAgain && !this.#isClosed) await this.#read();
    });
    return this.#reading;
  }

  async #readOnce(): Promise<void> {
    try {
      const backends = await loadBackendsFile(this.#path);
      if (!this.#isClosed) this.#last.take(backends);
    } catch (error) {
      if (!this.#isClosed) this.#last.fail(describeFailure(error));
    }
  }
}

/** The first problem, with its place. */
function describeFailure(error: unknown): string {
  if (!(error instanceof ConfigError)) return error instanceof Error ? error.message : String(error);
  const [first, ...others] = error.problems;
  const rest = describeMore({ more: others.length + error.more, isCut: error.isCut }).map(
    (text) => ` (${text})`,
  );
  return formatProblem(first) + rest.join("");
}
