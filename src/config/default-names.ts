/** What a listener is called that was given no name. Draft and config must agree on it, so both ask here. */

/**
 * Names listeners in their order: the address as written. Port 0 lets several have the same address; the second is
 * called `127.0.0.1:0#2` and so on. A name that a person writes cannot contain `#`, so it never means another.
 */
export function createDefaultNames(): (addressText: string) => string {
  const used = new Map<string, number>();
  return (addressText) => {
    const count = (used.get(addressText) ?? 0) + 1;
    used.set(addressText, count);
    return count === 1 ? addressText : `${addressText}#${count}`;
  };
}
