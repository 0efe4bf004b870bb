/** Name servers for tests: answers and failures as the test sets them, at once. */
import type { AddressRecord, Resolver, ServiceRecord } from "./resolver.js";

type Outcome<T> = readonly T[] | string;

export class FakeResolver implements Resolver {
  /** `name/4` or `name/6` → addresses with a TTL, or the code of a failure. */
  readonly names = new Map<string, Outcome<AddressRecord>>();
  readonly srv = new Map<string, Outcome<ServiceRecord>>();
  /** What the system's own lookup knows. */
  readonly hosts = new Map<string, Outcome<string>>();
  /** Every question, such as `A game.example.org`. */
  readonly asked: string[] = [];

  setAddresses(name: string, addresses: readonly string[], ttl = 60): void {
    for (const family of [4, 6] as const) {
      const own = addresses.filter((address) => address.includes(":") === (family === 6));
      this.names.set(
        `${name}/${family}`,
        own.length === 0 ? "ENODATA" : own.map((address) => ({ address, ttl })),
      );
    }
  }

  fail(name: string, code: string): void {
    for (const family of [4, 6]) this.names.set(`${name}/${family}`, code);
  }

  async addresses(
    name: string,
    family: 4 | 6,
    servers: readonly string[],
  ): Promise<readonly AddressRecord[]> {
    this.asked.push([family === 4 ? "A" : "AAAA", name, ...servers].join(" "));
    return outcome(this.names.get(`${name}/${family}`));
  }

  async services(name: string): Promise<readonly ServiceRecord[]> {
    this.asked.push(`SRV ${name}`);
    return outcome(this.srv.get(name));
  }

  async lookup(name: string, family: 4 | 6): Promise<readonly string[]> {
    this.asked.push(`lookup${family} ${name}`);
    return outcome(this.hosts.get(`${name}/${family}`));
  }
}

function outcome<T>(value: Outcome<T> = "ENOTFOUND"): readonly T[] {
  if (typeof value === "string") throw Object.assign(new Error(`query ${value}`), { code: value });
  return value;
}
