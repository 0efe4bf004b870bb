/** Waiting for something that may take long, until somebody does not want to wait any longer. */
export async function unlessAborted(done: Promise<unknown>, signal: AbortSignal): Promise<void> {
  let stop = (): void => {};
  const aborted = new Promise<void>((resolve) => {
    stop = resolve;
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", stop);
  });
  await Promise.race([done, aborted]);
  signal.removeEventListener("abort", stop);
}
