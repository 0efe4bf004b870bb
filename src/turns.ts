/** One thing at a time, in the order in which they were asked for: reloads, and what must not happen during one. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * Runs something after all that was asked for before, whether that failed or not.
   * @param failed is told of a failure before the next turn
   */
  take<T>(run: () => T | Promise<T>, failed: (error: Error) => void = () => {}): Promise<T> {
    const result = this.#last.then(run);
    this.#last = result.catch(failed);
    return result;
  }

  /** Resolves when all that was asked for until now is over. */
  async over(): Promise<void> {
    await this.#last;
  }
}
