/** What ends with its owner: a test's context is one, and a script makes its own. */

export interface Cleanup {
  after(end: () => unknown): void;
}

/** For scripts: `run` ends everything, the newest first. */
export function createCleanup(): Cleanup & { readonly run: () => Promise<void> } {
  const ends: (() => unknown)[] = [];
  return {
    after: (end) => ends.push(end),
    run: async () => {
      for (const end of ends.splice(0).reverse()) await end();
    },
  };
}
