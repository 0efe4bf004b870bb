/** Every type of probe: its defaults, what it keeps, and what it says of an option that will not do. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DNS_RCODES } from "../core/dns-names.js";
import { PLAIN_PROBES, type ProbeConfig } from "./health-config.js";
import { formatPath } from "./key-path.js";
import { toFindings } from "./schema-findings.js";
import { normaliseProbe, probeSchema } from "./schema-probe.js";

const parse = (probe: unknown) => normaliseProbe(probeSchema.parse(probe));

function problemsOf(probe: unknown): string[] {
  const { error } = probeSchema.safeParse(probe, { reportInput: true });
  return toFindings(error?.issues ?? [], 10).map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

const HTTP = { method: "GET", path: "/", status: ["200-399"], host: "", insecure: false };
const DEFAULTS: Record<(typeof PLAIN_PROBES)[number], object> = {
  ping: {},
  udp: { sendHex: "", expect: { kind: "none" } },
  dns: { name: ".", recordType: "NS", rcodes: ["NOERROR"] },
  sip: { uri: "", status: ["200-407", "409-499"] },
  stun: { fingerprint: false },
  quic: {},
  coap: {},
  ntp: { maxStratum: 15 },
  tcp: {},
  http: HTTP,
  https: HTTP,
};

describe("probeSchema: defaults", () => {
  for (const type of PLAIN_PROBES) {
    it(`of ${type}, alone and as a map`, () => {
      assert.deepEqual(parse(type), { type, ...DEFAULTS[type] });
      assert.deepEqual(parse({ type }), { type, ...DEFAULTS[type] });
    });
  }
});

describe("probeSchema: options", () => {
  const kept: ProbeConfig[] = [
    { type: "dns", name: "_sip._udp.example.org.", recordType: "SRV", rcodes: ["NXDOMAIN", "REFUSED"] },
    { type: "sip", uri: "sips:a@example.org;transport=udp", status: ["200", "486"] },
    { type: "stun", fingerprint: true },
    { type: "ntp", maxStratum: 1 },
    { type: "https", method: "HEAD", path: "/a?b=%20c", status: ["204"], host: "[::1]:8443", insecure: true },
    { type: "exec", command: ["/bin/check", "", "-x y"] },
  ];
  for (const probe of kept) {
    it(`of ${probe.type} are kept`, () => assert.deepEqual(parse(probe), probe));
  }

  it("takes a DNS name of 253 characters, and one more only for the last dot", () => {
    const longest = `${`${"a".repeat(63)}.`.repeat(3)}${"b".repeat(61)}`;
    assert.equal(longest.length, 253);
    for (const name of [longest, `${longest}.`]) {
      assert.deepEqual(parse({ type: "dns", name }), { type: "dns", ...DEFAULTS.dns, name });
    }
    const [problem, ...rest] = problemsOf({ type: "dns", name: `${longest}b` });
    assert.match(problem, /^name: found "a{60}…", expected a domain name$/);
    assert.deepEqual(rest, []);
  });
});

describe("probeSchema: problems", () => {
  const cases: [unknown, string[]][] = [
    [
      { type: "https", method: "get", path: "/a b", host: "a b", insecure: 1 },
      [
        'method: found "get", expected one of GET, HEAD, POST, OPTIONS; did you mean "GET"?',
        'path: found "/a b", expected a path such as "/health"',
        'host: found "a b", expected a host name, with a port if it needs one',
        "insecure: found 1, expected true or false",
      ],
    ],
    [{ type: "sip", uri: "tel:5" }, ['uri: found "tel:5", expected a SIP URI such as "sip:example.org"']],
    [
      { type: "sip", uri: "sip:a\r\nVia: b" },
      ['uri: found "sip:a\\r\\nVia: b", expected a SIP URI such as "sip:example.org"'],
    ],
    [
      { type: "http", path: "/\r\nHost: b" },
      ['path: found "/\\r\\nHost: b", expected a path such as "/health"'],
    ],
    [
      { type: "dns", recordType: "AAA", rcodes: [] },
      [
        'recordType: found "AAA", expected one of A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, NAPTR, DNSKEY, HTTPS, ANY; did you mean "AAAA"?',
        "rcodes: found an empty list, expected at least one response code",
      ],
    ],
    [{ type: "dns", rcodes: "NOERROR" }, ['rcodes: found "NOERROR", expected a list of response codes']],
    [
      { type: "dns", rcodes: [...DNS_RCODES, "NOERROR"] },
      [`rcodes: expected at most ${DNS_RCODES.length} response codes`],
    ],
    [{ type: "ntp", maxStratum: 0 }, ["maxStratum: found 0, expected a whole number from 1 to 15"]],
    [{ type: "ntp", maxStratum: 16 }, ["maxStratum: found 16, expected a whole number from 1 to 15"]],
    [{ type: "stun", fingerprint: "yes" }, ['fingerprint: found "yes", expected true or false']],
    [{ type: "exec" }, ["command: missing, expected a list: the program, and its arguments"]],
    [{ type: "radius" }, ["secret: expected text or { file: … }"]],
  ];
  for (const [probe, expected] of cases) {
    it(`of ${JSON.stringify(probe).slice(0, 60)}`, () => assert.deepEqual(problemsOf(probe), expected));
  }

  for (const probe of [null, true, 5, []]) {
    it(`says of ${JSON.stringify(probe)} that a type or a map is expected`, () => {
      const [problem, ...rest] = problemsOf(probe);
      assert.match(
        problem,
        /^: found (nothing|true|5|a list), expected a type \(ping, .*\) or a map with a type/,
      );
      assert.deepEqual(rest, []);
    });
  }

  it("finds a type that differs in case only", () => {
    assert.match(problemsOf("TCP").join(), /^: found "TCP", expected one of .*; did you mean "tcp"\?$/);
    assert.match(problemsOf({ type: "Dns" }).join(), /^type: found "Dns", .*; did you mean "dns"\?$/);
    assert.doesNotMatch(problemsOf("").join(), /did you mean/);
  });
});
