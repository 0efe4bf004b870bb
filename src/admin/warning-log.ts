/** The last warnings, for whoever looks. */
import type { StatusView } from "./schemas.js";

const KEPT = 50;

export class WarningLog {
  readonly #kept: StatusView["warnings"] = [];

  add({ code, message }: { readonly code: string; readonly message: string }): void {
    this.#kept.push({ code, message, at: new Date().toISOString() });
    if (this.#kept.length > KEPT) this.#kept.shift();
  }

  /** Oldest first. */
  list(): StatusView["warnings"] {
    return [...this.#kept];
  }
}
