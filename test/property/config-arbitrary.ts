/** Arbitrary valid configs, as people may write them. */
import fc from "fast-check";
import type { BackendInput, ConfigInput, ListenerInput, PoolInput } from "#src/config/config.js";
import type { DiscoverInput } from "#src/config/discover.js";
import type { GuardInput } from "#src/config/guard-config.js";
import { formatEndpoint, formatIp, type IpAddress } from "#src/core/address.js";
import { POLICIES } from "#src/core/snapshot.js";
import { health } from "./health-arbitrary.js";

const nat = (min: number, max: number) => fc.integer({ min, max });
const name = fc.stringMatching(/^[A-Za-z0-9._:[\]%-]{1,12}$/);
const listenDuration = fc.oneof(
  nat(1, 86_400_000).map((ms) => `${ms}ms`),
  nat(1, 86_400).map((s) => `${s}s`),
  nat(1, 23).map((h) => `${h}.5h`),
);
const size = fc.oneof(
  nat(4_096, 1_000_000).map((bytes) => `${bytes}B`),
  nat(4, 1_000).map((kib) => `${kib}KiB`),
  nat(1, 1_024).map((mib) => `${mib}MiB`),
);
const countOr = (word: "none" | "auto") => fc.oneof(nat(1, 1_000_000), fc.constant(word));
const affinity = fc.oneof(
  fc.constantFrom("none", "client", "client-ip"),
  nat(1, 32).map((prefix4) => `client-ip/${prefix4}`),
  fc.tuple(nat(1, 32), nat(1, 128)).map(([prefix4, prefix6]) => `client-ip/${prefix4},${prefix6}`),
);
const action = fc.constantFrom("move" as const, "keep" as const, "drop" as const);

/** Unicast documentation addresses, so that nothing is a wildcard or loopback: 192.0.2.x and 2001:db8::x. */
const ip = fc
  .tuple(fc.boolean(), nat(1, 254))
  .map(
    ([isIpv4, last]): IpAddress =>
      isIpv4
        ? { family: 4, words: [0, 0, 0xffff, 0xc0000200 + last], zone: "" }
        : { family: 6, words: [0x20010db8, 0, 0, last], zone: "" },
  );
/** IPv6 in its short or its long form. */
const addressText = (ports: { min: number; max: number }) =>
  fc.tuple(ip, nat(ports.min, ports.max), fc.boolean()).map(([address, port, long]) => {
    if (address.family === 4 || !long) return formatEndpoint({ ip: address, port });
    return `[${formatIp(address).replace("::", ":0:0:0:0:0:")}]:${port}`;
  });
/** Equal for two texts of one address. */
const canonical = (text: string) => text.replace(":0:0:0:0:0:", "::");

const backend: fc.Arbitrary<string | BackendInput> = fc.oneof(
  addressText({ min: 1, max: 30_000 }),
  fc.record(
    {
      name,
      address: addressText({ min: 1, max: 30_000 }),
      weight: nat(0, 65_535),
      state: fc.constantFrom("enabled" as const, "draining" as const, "disabled" as const),
      backup: fc.boolean(),
    },
    { requiredKeys: ["address"] },
  ),
);
const addressOf = (item: string | BackendInput) => (typeof item === "string" ? item : item.address);
const nameOf = (item: string | BackendInput | ListenerInput) =>
  typeof item === "string" ? item : (item.name ?? item.address);

const hostName = fc.stringMatching(/^[a-z_][a-z0-9]{0,8}(\.[a-z]{2,6}){0,3}$/);
const ofNames = {
  family: fc.constantFrom("any" as const, "ipv4" as const, "ipv6" as const),
  resolvers: fc.array(addressText({ min: 1, max: 65_535 }), { minLength: 1, maxLength: 8 }),
  minInterval: nat(1, 300).map((s) => `${s}s`),
  maxInterval: nat(5, 1_440).map((m) => `${m}m`),
  namePrefix: name,
};
const source: fc.Arbitrary<DiscoverInput> = fc.oneof(
  fc.record(
    {
      dns: fc.tuple(hostName, nat(1, 65_535)).map(([host, port]) => `${host}:${port}`),
      weight: nat(0, 65_535),
      backup: fc.boolean(),
      ...ofNames,
    },
    { requiredKeys: ["dns"] },
  ),
  fc.record({ srv: hostName, ...ofNames }, { requiredKeys: ["srv"] }),
  fc.record({ file: fc.stringMatching(/^[a-z./ ]{1,20}$/) }),
);

const pool: fc.Arbitrary<PoolInput> = fc.record(
  {
    policy: fc.constantFrom(...POLICIES),
    affinity,
    maglevTableSize: fc.constantFrom(101, 65_537, 655_373, 5_000_011),
    failOpen: fc.boolean(),
    health,
    passive: fc.record(
      {
        refusals: fc.boolean(),
        silence: fc.constantFrom("off" as const, "keep" as const, "move" as const),
        enabled: fc.boolean(),
        maxEjected: nat(0, 100),
      },
      { requiredKeys: [] },
    ),
    slowStart: fc.constantFrom("none", "1ms", "30s", "1h"),
    failover: fc.record({ unhealthy: action, draining: action, removed: action }, { requiredKeys: [] }),
    backends: fc
      .uniqueArray(backend, { minLength: 1, maxLength: 6, selector: (item) => canonical(addressOf(item)) })
      .filter((backends) => new Set(backends.map(nameOf)).size === backends.length),
    discover: fc.array(source, { maxLength: 3 }),
  },
  { requiredKeys: ["backends"] },
);

const guardRates = fc.record(
  {
    prefix4: nat(0, 32),
    prefix6: nat(0, 128),
    datagrams: fc.oneof(
      nat(1, 1_000_000).map((perS) => `${perS}/s`),
      fc.constant("none"),
    ),
    bytes: fc.oneof(
      size.map((bytes) => `${bytes}/s`),
      fc.constant("none"),
    ),
    newFlows: nat(1, 1_000_000).map((perS) => `${perS}/s`),
    burst: nat(10, 60_000).map((ms) => `${ms}ms`),
  },
  { requiredKeys: [] },
);
const networks = fc.array(
  fc.oneof(
    ip.map(formatIp),
    nat(0, 255).map((first) => `${first}.0.0.0/8`),
    nat(0, 255).map((group) => `2001:db8:${group.toString(16)}::/48`),
  ),
  { maxLength: 4 },
);
const guard = fc.record(
  {
    deny: networks,
    allow: networks,
    exempt: networks,
    perClient: guardRates,
    perNetwork: guardRates,
    amplification: fc.oneof(nat(1, 1000), fc.constant("none" as const)),
    maxTracked: nat(64, 1_048_576),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<GuardInput>;

const listener: fc.Arbitrary<Omit<ListenerInput, "pool">> = fc.record(
  {
    name,
    address: addressText({ min: 30_001, max: 65_535 }),
    ipv6Only: fc.boolean(),
    session: fc.record(
      {
        idleTimeout: listenDuration,
        maxLifetime: fc.oneof(listenDuration, fc.constant("none")),
        requests: countOr("none"),
        responses: countOr("none"),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<NonNullable<ListenerInput["session"]>>,
    guard,
    receiveBuffer: size,
    sendBuffer: size,
  },
  { requiredKeys: ["address"] },
);

const listeners = fc
  .uniqueArray(listener, { minLength: 1, maxLength: 5, selector: ({ address }) => canonical(address) })
  .filter((all) => new Set(all.map(nameOf)).size === all.length);

/** Names are given where there are several pools; with one, each may be there or not. */
const named = fc
  .tuple(
    listeners,
    fc.array(pool, { minLength: 1, maxLength: 3 }),
    fc.uniqueArray(name, { minLength: 3, maxLength: 3 }),
    fc.array(nat(0, 2), { minLength: 5, maxLength: 5 }),
    fc.boolean(),
  )
  .map(([someListeners, pools, names, choices, mayOmit]) => {
    if (mayOmit && pools.length === 1) return { listeners: someListeners, pools };
    return {
      listeners: someListeners.map((one, i) => ({ ...one, pool: names[choices[i] % pools.length] })),
      pools: pools.map((one, i) => ({ ...one, name: names[i] })),
    };
  });

const token = fc.oneof(
  fc.constantFrom({ env: "SLUICE_TOKEN" }, { file: "token" }, { file: "/etc/token" }),
  fc.stringMatching(/^[!-~]{16,40}$/),
);
const admin = fc.record(
  {
    listen: fc.constantFrom("127.0.0.1:9901", "[::1]:0", "unix:/run/a.sock", ["127.0.0.2:1", "unix:a.sock"]),
    token,
    readToken: token,
    tls: fc.constant({ cert: "cert.pem", key: "/etc/key.pem" }),
    hosts: fc.array(hostName, { maxLength: 2 }),
  },
  { requiredKeys: ["listen"] },
);

/** A config that `parseConfig` must accept. */
export const validConfig: fc.Arbitrary<ConfigInput> = fc
  .tuple(
    named,
    fc.record(
      {
        limits: fc.record(
          {
            maxFlows: countOr("auto"),
            maxFlowsPerClientIp: countOr("none"),
            onFull: fc.constantFrom("drop", "evict-oldest"),
          },
          { requiredKeys: [] },
        ),
        shutdown: fc.record({ grace: nat(0, 3_600).map((s) => `${s}s`) }, { requiredKeys: [] }),
        plane: fc.constantFrom("auto", "portable"),
        workers: fc.oneof(nat(1, 64), fc.constant("auto")),
        admin,
        flowLog: fc.record(
          {
            file: fc.constantFrom("-", "/var/log/flows.jsonl", "flows.jsonl"),
            sample: fc.constantFrom(1, 0.01),
          },
          { requiredKeys: ["file"] },
        ),
        metrics: fc.record(
          {
            otlp: fc.constantFrom(
              { endpoint: "http://127.0.0.1:4318" },
              { endpoint: "https://c", interval: "1m" },
            ),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([base, rest]) => ({ ...base, ...rest }) as ConfigInput);
