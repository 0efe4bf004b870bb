/** The schema of `admin`, `flowLog` and `metrics`, and from its output to the config. */
import { resolve } from "node:path";
import { z } from "zod";
import { type Endpoint, parseEndpoint } from "../core/address.js";
import { SluiceError } from "../core/errors.js";
import {
  type AdminAddress,
  type AdminConfig,
  type FlowLogConfig,
  isToken,
  type MetricsConfig,
  TOKEN_EXPECTED,
  type TokenConfig,
} from "./admin-config.js";
import { HOST_NAME_PATTERN } from "./host-name.js";
import { describeValue } from "./key-path.js";
import { privileged } from "./privileged.js";
import { duration, mismatch, parsedText } from "./schema-values.js";

const HOUR_MS = 3_600_000;
const SECOND_MS = 1000;
const MAX_ADDRESSES = 16;
const MAX_HOSTS = 100;
const MAX_HOST_NAME = 253;
const MAX_PATH = 4096;
const UNIX = "unix:";
const PATH = "[^\\u0000]+";

type WrittenAddress =
  | { readonly kind: "tcp"; readonly address: Endpoint; readonly text: string }
  | { readonly kind: "unix"; readonly file: string; readonly text: string };

function adminAddress() {
  const title = "an IP address and port such as 127.0.0.1:9901, or unix: and a path";
  const pattern = `^(([0-9.]+|\\[[0-9A-Fa-f:.]+(%.+)?\\]):[0-9]{1,5}|${UNIX}${PATH})$`;
  return parsedText(title, pattern, (text): WrittenAddress => {
    if (!text.startsWith(UNIX)) return { kind: "tcp", address: parseEndpoint(text), text };
    const file = text.slice(UNIX.length);
    if (file !== "" && !file.includes("\0")) return { kind: "unix", file, text };
    throw new SluiceError("ADDRESS_INVALID", `found ${describeValue(text)}, expected ${title}`);
  });
}

function listen() {
  const title = "an IP address and port such as 127.0.0.1:9901, unix: and a path, or a list of them";
  const list = z
    .array(adminAddress(), mismatch(title))
    .min(1, { error: "found an empty list, expected at least one address" })
    .max(MAX_ADDRESSES, { error: `expected at most ${MAX_ADDRESSES} addresses` });
  return z
    .union([adminAddress(), list], mismatch(title))
    .transform((value): readonly WrittenAddress[] => ("kind" in value ? [value] : value))
    .meta({ title });
}

function filePath() {
  const title = "the path of a file";
  const path = z
    .string(mismatch(title))
    .regex(new RegExp(`^${PATH}$`), mismatch(title))
    .max(MAX_PATH, mismatch(title))
    .meta({ title });
  return privileged(path, "file");
}

function hostName() {
  const title = "a host name such as lb.example.org";
  return z
    .string(mismatch(title))
    .regex(new RegExp(HOST_NAME_PATTERN), mismatch(title))
    .max(MAX_HOST_NAME, mismatch(title))
    .meta({ title });
}

/** Problems do not show it. */
function token() {
  const title = "{ env: … }, { file: … }, or the token itself";
  const error = { error: `expected ${title}` };
  const variable = "the name of an environment variable";
  const map = z
    .strictObject(
      {
        env: z
          .string(mismatch(variable))
          .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, mismatch(variable))
          .meta({ title: variable })
          .optional()
          .describe("The environment variable that it is in."),
        file: filePath().optional().describe("The file whose first line it is."),
      },
      error,
    )
    .superRefine(({ env, file }, context) => {
      if ((env === undefined) !== (file === undefined)) return;
      context.addIssue({ code: "custom", message: "expected exactly one of env or file" });
    });
  const text = z.string(error).refine(isToken, { error: `expected ${TOKEN_EXPECTED}` });
  return z.union([text, map], error).meta({ title });
}

const tlsSchema = z.strictObject(
  {
    cert: filePath().describe("The certificate and those it is signed with, as PEM."),
    key: filePath().describe("Its private key, as PEM."),
  },
  mismatch("a map with cert and key"),
);

const adminFields = z.strictObject(
  {
    listen: listen().describe(
      "Where to answer. An address that is neither loopback nor a Unix socket needs a token. The path of a Unix socket is relative to the config file.",
    ),
    token: token()
      .optional()
      .describe(
        "Who has it may do everything. Left out: who reaches the address may. A path is relative to the config file.",
      ),
    readToken: token().optional().describe("Who has it may look, and change nothing."),
    tls: tlsSchema
      .optional()
      .describe("Answer by HTTPS, except on Unix sockets. Paths are relative to the config file."),
    hosts: z
      .array(hostName(), mismatch("a list of names"))
      .max(MAX_HOSTS, { error: `expected at most ${MAX_HOSTS} names` })
      .prefault([])
      .describe("Names by which browsers may ask, besides IP addresses and localhost."),
  },
  mismatch("a map with listen"),
);

/** Who may do what: nothing in it is for a caller who has not shown who they are. */
export const adminSchema = privileged(adminFields, "fixed");

const SAMPLE_TITLE = "a number above 0, at most 1";

export const flowLogSchema = z.strictObject(
  {
    file: filePath().describe(
      "Where to write one line of JSON for each flow that ends; - is the standard output. A path is relative to the config file. A reload opens it anew.",
    ),
    sample: z
      .number(mismatch(SAMPLE_TITLE))
      .gt(0, mismatch(SAMPLE_TITLE))
      .max(1, mismatch(SAMPLE_TITLE))
      .meta({ title: SAMPLE_TITLE })
      .prefault(1)
      .describe("The part of the flows that is logged, chosen at random."),
  },
  mismatch("a map with a file"),
);

function httpUrl() {
  const title = "a URL such as http://127.0.0.1:4318";
  return parsedText(title, "^https?://.+$", (text) => {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const isWeb = url?.protocol === "http:" || url?.protocol === "https:";
    if (isWeb && url.username === "" && url.password === "") return text;
    // A password in it is nobody's business.
    throw new SluiceError("URL_INVALID", `expected ${title}, without a name and password`);
  });
}

const otlpSchema = z.strictObject(
  {
    endpoint: privileged(httpUrl(), "url").describe(
      "The collector: figures go to /v1/metrics there, as JSON.",
    ),
    interval: duration({ min: SECOND_MS, max: HOUR_MS })
      .prefault("10s")
      .describe("From one sending to the next."),
  },
  mismatch("a map with an endpoint"),
);

export const metricsSchema = z.strictObject(
  { otlp: otlpSchema.optional().describe("Send figures to an OpenTelemetry collector.") },
  mismatch("a map"),
);

/** @param folder what relative paths are relative to */
export function normaliseAdmin(admin: z.output<typeof adminSchema>, folder: string): AdminConfig {
  const { listen, token, readToken, tls, hosts } = admin;
  return {
    listen: listen.map((address) => toAddress(address, folder)),
    ...(token !== undefined && { token: toToken(token, folder) }),
    ...(readToken !== undefined && { readToken: toToken(readToken, folder) }),
    ...(tls !== undefined && { tls: { cert: resolve(folder, tls.cert), key: resolve(folder, tls.key) } }),
    hosts,
  };
}

function toAddress(address: WrittenAddress, folder: string): AdminAddress {
  if (address.kind === "tcp") return address;
  const path = resolve(folder, address.file);
  return { kind: "unix", path, text: `${UNIX}${path}` };
}

type WrittenToken = z.output<ReturnType<typeof token>>;

function toToken(written: WrittenToken, folder: string): TokenConfig {
  if (typeof written === "string") return { kind: "text", text: written };
  if (written.env !== undefined) return { kind: "env", name: written.env };
  return { kind: "file", path: resolve(folder, written.file ?? "") };
}

/** @param folder what relative paths are relative to */
export function normaliseFlowLog(flowLog: z.output<typeof flowLogSchema>, folder: string): FlowLogConfig {
  return { ...flowLog, file: flowLog.file === "-" ? "-" : resolve(folder, flowLog.file) };
}

export function normaliseMetrics({ otlp }: z.output<typeof metricsSchema>): MetricsConfig {
  return otlp === undefined ? {} : { otlp: { endpoint: otlp.endpoint, intervalMs: otlp.interval } };
}
