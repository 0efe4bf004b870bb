/** Arbitrary valid `pools[].health`, as people may write it. */
import fc from "fast-check";
import { type HealthInput, HTTP_METHODS, PLAIN_PROBES, type ProbeInput } from "#src/config/health-config.js";
import { DNS_RCODES, DNS_RECORD_TYPES } from "#src/core/dns-names.js";

const nat = (min: number, max: number) => fc.integer({ min, max });
const ms = (min: number, max: number) => nat(min, max).map((value) => `${value}ms`);
const optional = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }, requiredKeys: (keyof T & string)[]) =>
  fc.record(model, { requiredKeys } as never) as unknown as fc.Arbitrary<T>;

const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array));
/** Text that says the same in YAML and JSON: no lone surrogates. */
const text = fc.string({ unit: "grapheme", maxLength: 20 });
const encoded = fc.oneof(
  bytes.map((value) => ({ hex: value.toString("hex").toUpperCase() })),
  bytes.map((value) => ({ base64: value.toString("base64") })),
);
const status = (max: number) =>
  fc.array(
    fc.oneof(
      nat(200, max),
      fc.tuple(nat(200, max), nat(0, 50)).map(([from, n]) => `${from}-${Math.min(max, from + n)}`),
    ),
    { minLength: 1, maxLength: 4 },
  );
const http = {
  method: fc.constantFrom(...HTTP_METHODS),
  path: fc.constantFrom("/", "/health?full=1", "/~a/%20"),
  status: status(599),
  host: fc.constantFrom("www.example.org", "localhost:8080", "[::1]:80"),
};
const type = <T extends string>(value: T) => fc.constant(value);

const probe: fc.Arbitrary<ProbeInput> = fc.oneof(
  fc.record({ type: fc.constantFrom("ping", "quic", "coap", "tcp") }) as fc.Arbitrary<ProbeInput>,
  optional(
    {
      type: type("udp"),
      send: fc.oneof(text, encoded),
      expect: fc.oneof(
        fc.constantFrom("none" as const, "any" as const),
        encoded,
        text.map((value) => ({ text: value })),
        fc.constantFrom("^a+$", "players: \\d+", "").map((regex) => ({ regex })),
      ),
    },
    ["type"],
  ),
  optional(
    {
      type: type("dns"),
      name: fc.constantFrom(".", "example.org", "_dns.example.org.", "a-b.x9"),
      recordType: fc.constantFrom(...DNS_RECORD_TYPES),
      rcodes: fc.uniqueArray(fc.constantFrom(...DNS_RCODES), { minLength: 1, maxLength: 3 }),
    },
    ["type"],
  ),
  optional(
    { type: type("sip"), uri: fc.constantFrom("sip:a@example.org", "sips:[::1]"), status: status(699) },
    ["type"],
  ),
  fc.record({
    type: type("radius"),
    secret: fc.oneof(
      text.filter((value) => value !== ""),
      fc.constant({ file: "/etc/secret" }),
    ),
  }),
  optional({ type: type("stun"), fingerprint: fc.boolean() }, ["type"]),
  optional({ type: type("ntp"), maxStratum: nat(1, 15) }, ["type"]),
  optional({ type: type("http"), ...http }, ["type"]),
  optional({ type: type("https"), ...http, insecure: fc.boolean() }, ["type"]),
  fc.record({
    type: type("exec"),
    command: fc.array(text, { maxLength: 3 }).map((rest) => ["/bin/true", ...rest]),
  }),
);

export const health: fc.Arbitrary<HealthInput> = optional<HealthInput>(
  {
    probe: fc.oneof(fc.constantFrom(...PLAIN_PROBES), probe),
    interval: ms(100, 3_600_000),
    timeout: ms(10, 60_000),
    rise: nat(1, 100),
    fall: nat(1, 100),
    jitter: nat(0, 50),
    fastInterval: ms(100, 3_600_000),
    port: nat(1, 65_535),
    address: fc.constantFrom("192.0.2.9", "2001:db8::9", "fe80::1%eth0"),
  },
  ["probe"],
);
