/**
 * Listener sockets that this process was started with, bound already: by a service manager, or by the sluice whose place
 * it takes. A plane uses them instead of binding; what no listener has asked for waits for a reload that does.
 */
import { type Endpoint, formatEndpoint } from "../core/address.js";

export class InheritedSockets {
  /** Several descriptors for one address are a group that shares it by SO_REUSEPORT. */
  readonly #byAddress = new Map<string, number[]>();

  /** @param sockets bound addresses as `formatEndpoint` writes them, and descriptors */
  constructor(sockets: Iterable<readonly [address: string, fd: number]> = []) {
    for (const [address, fd] of sockets) {
      const group = this.#byAddress.get(address);
      if (group) group.push(fd);
      else this.#byAddress.set(address, [fd]);
    }
  }

  /** Descriptors bound to exactly this address, in their order; none where there are none. */
  find(address: Endpoint): readonly number[] {
    return this.#byAddress.get(formatEndpoint(address)) ?? [];
  }

  /** The same, which from now on belong to the caller. */
  take(address: Endpoint): readonly number[] {
    const fds = this.find(address);
    this.#byAddress.delete(formatEndpoint(address));
    return fds;
  }

  /** Addresses that nobody has taken. */
  get addresses(): readonly string[] {
    return [...this.#byAddress.keys()];
  }

  /** The size of the largest group. */
  get largestGroup(): number {
    return Math.max(0, ...[...this.#byAddress.values()].map(({ length }) => length));
  }
}
