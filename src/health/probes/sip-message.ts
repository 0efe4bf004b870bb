/** What the `sip` probe needs of SIP's text form (RFC 3261 section 7): one request, and the head of a response. */

/** What makes a request one of its kind, and its answer recognisable. */
export interface SipIds {
  /** Without the magic cookie `z9hG4bK`, which makes it an RFC 3261 branch. */
  readonly branch: string;
  readonly callId: string;
  readonly tag: string;
  readonly sequence: number;
}

export interface SipResponse {
  readonly status: number;
  /** Branch of the topmost Via. */
  readonly branch: string | undefined;
  readonly callId: string | undefined;
  readonly cseq: string | undefined;
}

export const BRANCH_COOKIE = "z9hG4bK";
/** Compact forms (section 7.3.3) of the headers that are read here. */
const LONG_NAMES: Readonly<Record<string, string>> = { v: "via", i: "call-id" };

/** An OPTIONS request (section 11.1) with all headers that section 8.1.1 makes mandatory, and `rport` of RFC 3581. */
export function encodeSipOptions(uri: string, local: string, ids: SipIds): Buffer {
  const lines = [
    `OPTIONS ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${local};branch=${BRANCH_COOKIE}${ids.branch};rport`,
    "Max-Forwards: 70",
    `From: <sip:sluice@${local}>;tag=${ids.tag}`,
    `To: <${uri}>`,
    `Call-ID: ${ids.callId}`,
    `CSeq: ${ids.sequence} OPTIONS`,
    `Contact: <sip:sluice@${local}>`,
    "Accept: application/sdp",
    "User-Agent: sluice",
    "Content-Length: 0",
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
}

/** Undefined when this is no SIP response. */
export function decodeSipResponse(message: Buffer): SipResponse | undefined {
  const text = message.toString("latin1");
  const status = /^SIP\/2\.0 ([1-6]\d\d) /.exec(text)?.[1];
  if (status === undefined) return undefined;
  const headers = readHeaders(text);
  return {
    status: Number(status),
    branch: /;\s*branch\s*=\s*([^;,\s]+)/i.exec(firstValue(headers.get("via") ?? ""))?.[1],
    callId: headers.get("call-id"),
    cseq: headers.get("cseq")?.replace(/\s+/g, " "),
  };
}

/** The first value of each header; a line that begins with white space goes on with the one before. */
function readHeaders(text: string): ReadonlyMap<string, string> {
  const [head = ""] = text.split("\r\n\r\n", 1);
  const headers = new Map<string, string>();
  for (const line of head
    .replace(/\r\n[ \t]+/g, " ")
    .split("\r\n")
    .slice(1)) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase();
    const longName = Object.hasOwn(LONG_NAMES, name) ? LONG_NAMES[name] : name;
    if (!headers.has(longName)) headers.set(longName, line.slice(colon + 1).trim());
  }
  return headers;
}

/** Several Via values may share a line. */
function firstValue(list: string): string {
  return list.split(",", 1)[0];
}
