/**
 * Numbers of zones: 16 bits that stand for the interface of a link-local client in a flow's key. A name keeps its number until all are
 * given out; then those that no live flow has are given out anew. Containers make interface names without end.
 */

const MOST = 0xffff;

export class ZoneNumbers {
  readonly #numbers = new Map<string, number>();
  readonly #inUse: () => ReadonlySet<number>;
  readonly #most: number;

  /** @param inUse the numbers that live flows have; asked only when all are given out */
  constructor(inUse: () => ReadonlySet<number>, most = MOST) {
    this.#inUse = inUse;
    this.#most = most;
  }

  /** The number of the zone in an address as Node writes it, 1 to 65,535; 0 where it has none, or live flows have all numbers. */
  of(address: string): number {
    const percent = address.indexOf("%");
    if (percent < 0) return 0;
    const name = address.slice(percent + 1);
    return this.#numbers.get(name) ?? this.#give(name);
  }

  #give(name: string): number {
    if (this.#numbers.size >= this.#most) this.#forgetUnused();
    if (this.#numbers.size >= this.#most) return 0;
    const taken = new Set(this.#numbers.values());
    let number = this.#numbers.size + 1;
    while (taken.has(number)) number = (number % this.#most) + 1;
    this.#numbers.set(name, number);
    return number;
  }

  #forgetUnused(): void {
    const inUse = this.#inUse();
    for (const [name, number] of this.#numbers) if (!inUse.has(number)) this.#numbers.delete(name);
  }
}
