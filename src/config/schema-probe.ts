/** The schema of a probe: one map for each type, or the type alone where every option has a default. */
import { z } from "zod";
import { DNS_RCODES, DNS_RECORD_TYPES } from "../core/dns-names.js";
import { HTTP_METHODS, PLAIN_PROBES, type ProbeConfig } from "./health-config.js";
import { describeValue } from "./key-path.js";
import { didYouMean } from "./nearest.js";
import {
  bytesToSend,
  command,
  replyExpectation,
  secret,
  statusList,
  textLike,
} from "./schema-probe-values.js";
import { flag, mismatch, oneOf, wholeNumber } from "./schema-values.js";

const DNS_LABEL = "[A-Za-z0-9_-]{1,63}";
/** At most 253 characters without the last dot (RFC 1035, section 2.3.4: 255 octets in a datagram). */
const DNS_NAME = `^(\\.|(?=.{1,253}\\.?$)${DNS_LABEL}(\\.${DNS_LABEL})*\\.?)$`;

/** Type and options of one kind of probe. */
function variant<const T extends string, S extends z.ZodRawShape>(type: T, meaning: string, options: S) {
  const typeSchema = z.literal(type).meta({ title: type }).describe(meaning);
  return z.strictObject({ type: typeSchema, ...options }, mismatch("a map")).describe(meaning);
}

const httpOptions = {
  method: oneOf(HTTP_METHODS).prefault("GET").describe("The request's method."),
  path: textLike('a path such as "/health"', "^/[\\x21-\\x7e]*$")
    .prefault("/")
    .describe("What to ask for, with the query if there is one."),
  status: statusList(200, 599)
    .prefault(["200-399"])
    .describe("Statuses that count as success. Redirects are not followed."),
  host: textLike("a host name, with a port if it needs one", "^[A-Za-z0-9._:[\\]-]{1,255}$")
    .optional()
    .describe("The Host header, for https the name in the certificate too. Left out: the address and port."),
};

const variants = [
  variant("ping", "The lab's request, answered by its text in upper case.", {}),
  variant("udp", "Any bytes. Without expect it fails only when it is refused (ICMP port unreachable).", {
    send: bytesToSend().prefault("").describe("What to send; an empty datagram when left out."),
    expect: replyExpectation()
      .prefault("none")
      .describe("none: silence is fine too; any reply; or what a reply begins with or contains."),
  }),
  variant("dns", "A DNS query (RFC 1035), judged by the response code.", {
    name: textLike("a domain name", DNS_NAME, 254)
      .prefault(".")
      .describe("What to ask for: a name that the server should know."),
    recordType: oneOf(DNS_RECORD_TYPES).prefault("NS").describe("The type of record to ask for."),
    rcodes: z
      .array(oneOf(DNS_RCODES), mismatch("a list of response codes"))
      .min(1, { error: "found an empty list, expected at least one response code" })
      .max(DNS_RCODES.length, { error: `expected at most ${DNS_RCODES.length} response codes` })
      .prefault(["NOERROR"])
      .describe("Response codes that count as success.")
      .meta({ title: `a list with some of ${DNS_RCODES.join(", ")}` }),
  }),
  variant("sip", "SIP OPTIONS (RFC 3261), judged by the status of the final response.", {
    uri: textLike('a SIP URI such as "sip:example.org"', '^sips?:[^\\s<>"]+$')
      .optional()
      .describe("Whom to ask. Left out: the address of the backend."),
    status: statusList(200, 699)
      .prefault(["200-407", "409-499"])
      .describe("Statuses that count as success. By default any that shows a working server."),
  }),
  variant("radius", "RADIUS Status-Server (RFC 5997), signed and verified with the shared secret.", {
    secret: secret().describe("The shared secret, or the file that holds it, which is read for each probe."),
  }),
  variant("stun", "A STUN Binding request (RFC 8489), answered with success.", {
    fingerprint: flag()
      .prefault(false)
      .describe("Whether to send a FINGERPRINT and require one; one that is there is always verified."),
  }),
  variant("quic", "A QUIC packet of a reserved version, answered by Version Negotiation (RFC 9000).", {}),
  variant("coap", "A CoAP ping (RFC 7252): an empty message, answered by a reset.", {}),
  variant("ntp", "An NTP request (RFC 5905), answered by a synchronised server.", {
    maxStratum: wholeNumber({ min: 1, max: 15 })
      .prefault(15)
      .describe("Highest stratum that counts as success."),
  }),
  variant("tcp", "A TCP connection that opens.", {}),
  variant("http", "An HTTP request, judged by the status of the response.", httpOptions),
  variant("https", "The same over TLS.", {
    ...httpOptions,
    insecure: flag().prefault(false).describe("Whether any certificate will do, also one that expired."),
  }),
  variant("exec", "A program, which must end with exit code 0.", {
    command: command().describe(
      "Run without a shell; finds the backend in SLUICE_BACKEND_ADDRESS and SLUICE_BACKEND_PORT.",
    ),
  }),
] as const;

const TYPES: readonly string[] = variants.map(({ shape }) => shape.type.value);
const plain = new Set<string>(PLAIN_PROBES);
const expectedMap = `a type (${PLAIN_PROBES.join(", ")}) or a map with a type and options`;

const mapSchema = z.discriminatedUnion("type", variants, {
  error: ({ code, input }) => {
    if (code !== "invalid_union") return mismatch(expectedMap).error({ input });
    return describeWrongType((input as { readonly type?: unknown }).type);
  },
});

const wordSchema = z
  .enum(PLAIN_PROBES, mismatch(expectedMap))
  .transform((type): z.output<typeof mapSchema> => mapSchema.parse({ type }))
  .meta({ title: "the type alone, where no option is needed" });

export const probeSchema = z.union([wordSchema, mapSchema], {
  error: ({ input }) => {
    if (typeof input !== "string") return mismatch(expectedMap).error({ input });
    if (TYPES.includes(input) && !plain.has(input)) {
      const key = input === "exec" ? "command" : "secret";
      return `${describeValue(input)} needs options, expected a map such as { type: ${input}, ${key}: … }`;
    }
    return describeWrongType(input);
  },
});

function describeWrongType(type: unknown): string {
  const hint = typeof type === "string" ? didYouMean(type, TYPES) : "";
  return mismatch(`one of ${TYPES.join(", ")}`).error({ input: type }) + hint;
}

/** From the schema's output to plain data that is equal when the meaning is. */
export function normaliseProbe(probe: z.output<typeof probeSchema>): ProbeConfig {
  switch (probe.type) {
    case "udp":
      return { type: "udp", sendHex: probe.send, expect: probe.expect };
    case "sip":
      return { ...probe, uri: probe.uri ?? "" };
    case "http":
      return { ...probe, host: probe.host ?? "", insecure: false };
    case "https":
      return { ...probe, host: probe.host ?? "" };
    default:
      return probe;
  }
}
