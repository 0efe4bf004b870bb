/** The kinds of value that only probes have: bytes, statuses, secrets, commands. */
import { z } from "zod";
import { parseIp } from "../core/address.js";
import { SluiceError } from "../core/errors.js";
import { REDACTED } from "./admin-config.js";
import type { SecretConfig, UdpExpectConfig } from "./health-config.js";
import { describeValue } from "./key-path.js";
import { privileged } from "./privileged.js";
import { mismatch, parsedText } from "./schema-values.js";
import { whyNoServer } from "./server-address.js";

/** More than fits in a datagram is a mistake. */
const MAX_BYTES = 65_507;
const MAX_TEXT = 2_000;
const MAX_STATUSES = 100;
const ANY_TEXT = "^[\\s\\S]*$";
const HEX = { title: "hex digits, two for each byte", pattern: "^([0-9A-Fa-f]{2})*$" };
const BASE64 = {
  title: "base64",
  pattern: "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$",
};

/** Text of a form that a pattern says. */
export function textLike(title: string, pattern: string, maxLength = MAX_TEXT) {
  return z
    .string(mismatch(title))
    .max(maxLength, { error: `expected at most ${maxLength} characters` })
    .regex(new RegExp(pattern), mismatch(title))
    .meta({ title });
}

/** An IP address alone, of one host. */
export function ipAddress() {
  const title = "an IP address such as 192.0.2.1 or 2001:db8::1";
  return parsedText(title, "^[0-9A-Fa-f:.]+(%.+)?$", (text) => {
    const ip = parseIp(text);
    const why = whyNoServer(ip);
    if (why === undefined) return ip;
    const message = `found ${describeValue(text)}, expected the address of one server: ${why}`;
    throw new SluiceError("ADDRESS_INVALID", message);
  });
}

const bytesKeys = {
  hex: textLike(HEX.title, HEX.pattern, 2 * MAX_BYTES)
    .optional()
    .describe("As hex digits."),
  base64: textLike(BASE64.title, BASE64.pattern, 2 * MAX_BYTES)
    .optional()
    .describe("As base64 (RFC 4648)."),
};

/** Bytes to send, as hex digits in lower case. */
export function bytesToSend() {
  const title = "text, { hex: … } or { base64: … }";
  const error = mismatch(title);
  const map = z.strictObject(bytesKeys, error).superRefine(exactlyOne("hex or base64"));
  return z
    .union([z.string(error), map], error)
    .transform((value) => (typeof value === "string" ? toHex(value, "utf8") : bytesToHex(value)))
    .refine((hex) => hex.length <= 2 * MAX_BYTES, { error: `expected at most ${MAX_BYTES} bytes` })
    .meta({ title });
}

/** What a reply must look like. */
export function replyExpectation() {
  const title = "none, any, { text: … }, { hex: … }, { base64: … } or { regex: … }";
  const error = mismatch(title);
  const map = z
    .strictObject(
      {
        text: textLike("text", ANY_TEXT).optional().describe("The text that the reply begins with."),
        ...bytesKeys,
        regex: regularExpression().optional().describe("A pattern found in the first 4 KiB of the reply."),
      },
      error,
    )
    .superRefine(exactlyOne("text, hex, base64 or regex"));
  return z
    .union([z.enum(["none", "any"], error), map], error)
    .transform((value): UdpExpectConfig => {
      if (typeof value === "string") return { kind: value };
      if (value.regex !== undefined) return { kind: "regex", pattern: value.regex };
      return { kind: "bytes", hex: value.text === undefined ? bytesToHex(value) : toHex(value.text, "utf8") };
    })
    .meta({ title });
}

function exactlyOne(names: string) {
  return (value: object, context: z.RefinementCtx): void => {
    const count = Object.values(value).filter((one) => one !== undefined).length;
    if (count === 1) return;
    const message = `found ${count === 0 ? "none" : count} of them, expected exactly one of ${names}`;
    context.addIssue({ code: "custom", message });
  };
}

function bytesToHex({ hex, base64 }: { hex?: string | undefined; base64?: string | undefined }): string {
  return hex === undefined ? toHex(base64 ?? "", "base64") : hex.toLowerCase();
}

function toHex(text: string, encoding: "utf8" | "base64"): string {
  return Buffer.from(text, encoding).toString("hex");
}

/** JavaScript's syntax with the flags `s` and `u`. */
function regularExpression() {
  const title = "a regular expression";
  return textLike(title, ANY_TEXT).superRefine((text, context) => {
    try {
      new RegExp(text, "su");
    } catch {
      context.addIssue({ code: "custom", message: `found ${describeValue(text)}, expected ${title}` });
    }
  });
}

/** A list of status codes and ranges, as text. */
export function statusList(min: number, max: number) {
  const title = `a list of statuses from ${min} to ${max} and ranges such as "200-299"`;
  const error = mismatch(`a status from ${min} to ${max} or a range such as "200-299"`);
  const isValid = (text: string) => {
    const [first, last = first] = text.split("-").map(Number);
    return first >= min && last <= max && first <= last;
  };
  const item = z
    .union([z.number(error).int(error), z.string(error).regex(/^\d{3}(-\d{3})?$/, error)], error)
    .transform(String)
    .refine(isValid, error);
  return z
    .array(item, mismatch(title))
    .min(1, { error: "found an empty list, expected at least one status" })
    .max(MAX_STATUSES, { error: `expected at most ${MAX_STATUSES} statuses` })
    .meta({ title });
}

/** A secret or where it is. Problems do not show it. */
export function secret() {
  const title = "text or { file: … }";
  const error = { error: `expected ${title}` };
  const text = z
    .string(error)
    .min(1, { error: "found an empty secret, expected text" })
    .refine((value) => value !== REDACTED, { error: "this secret was left out, expected text" })
    .max(MAX_TEXT, {
      error: `expected at most ${MAX_TEXT} characters`,
    });
  const map = z.strictObject(
    { file: filePath().describe("Read for each probe. A relative path is relative to the config file.") },
    error,
  );
  return z
    .union([text, map], error)
    .transform((value): SecretConfig => (typeof value === "string" ? { text: value } : value))
    .meta({ title });
}

function filePath() {
  return privileged(textLike("the path of a file", "^[^\\u0000]+$"), "file");
}

/** A program and its arguments, which no shell reads. */
export function command() {
  const title = "a list: the program, and its arguments";
  const item = textLike("text without NUL", "^[^\\u0000]*$");
  const words = z
    .array(item, mismatch(title))
    .min(1, { error: "found an empty list, expected a program" })
    .max(100, { error: "expected at most 100 arguments" })
    .refine(([program]) => program !== "", { error: "found an empty text, expected a program", path: [0] })
    .meta({ title });
  return privileged(words, "program");
}
