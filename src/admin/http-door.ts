/** One address of the admin side: an HTTP or HTTPS server with bounds on what anybody may cost. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { AdminAddress } from "../config/admin-config.js";
import { formatEndpoint, parseIp } from "../core/address.js";
import { Connections } from "./connections.js";
import { inodeOfSocket, listen, removeSocket } from "./listen.js";
import { SECURITY_HEADERS } from "./security-headers.js";

/** Of Node's HTTP server. */
const LIMITS = {
  maxHeaderSize: 16 * 1024,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 5_000,
};
/** A request that has not arrived whole by then is refused. */
const ARRIVAL_MS = 10_000;
/** The same of its head, and of a connection that says nothing. */
const HEAD_MS = 5_000;
const MAX_CONNECTIONS = 64;
const STREAMS = /^(text\/event-stream|application\/x-pcapng)/;
/** Connections on which nothing moves: an answer that nobody reads ends after this. */
const QUIET_MS = 60_000;

/** A certificate with its chain, and its key: PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface DoorOptions {
  readonly address: AdminAddress;
  /** Undefined for plain HTTP, which Unix sockets always have. */
  readonly certificate: Certificate | undefined;
  readonly onRequest: (request: IncomingMessage, response: ServerResponse, address: AdminAddress) => void;
  /** Of each answer, also to what was no request at all (method `-`). */
  readonly onAnswer: (method: string, status: number) => void;
  /** How long a request may take to arrive. Default 10 s. */
  readonly arrivalMs?: number | undefined;
  /** Of a socket that listens at the address already. */
  readonly fd?: number | undefined;
}

/** How a door is closed. */
export interface Closing {
  /** For answers under way. */
  readonly graceMs: number;
  /** Another process goes on with the same socket, and needs its name. */
  readonly isPassedOn?: boolean;
}

export type HttpDoor = Awaited<ReturnType<typeof openHttpDoor>>;

/** @throws ListenError */
export async function openHttpDoor(options: DoorOptions) {
  const { address, certificate, onRequest, onAnswer, arrivalMs = ARRIVAL_MS } = options;
  const limits = { ...LIMITS, requestTimeout: arrivalMs, headersTimeout: Math.min(arrivalMs, HEAD_MS) };
  const connections = new Connections(MAX_CONNECTIONS);
  const handle: RequestListener = (request, response) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    response.setHeader("cache-control", "no-store");
    const over = connections.begin(request.socket, {
      hasArrived: () => request.complete,
      isStream: () => STREAMS.test(String(response.getHeader("content-type") ?? "")),
    });
    response.once("close", () => {
      over();
      onAnswer(request.method ?? "-", response.statusCode);
    });
    onRequest(request, response, address);
  };
  const secure = certificate && createSecureServer({ ...limits, ...certificate }, handle);
  const server = secure ?? createServer(limits, handle);
  server.on("connection", (socket: Socket) => connections.add(socket));
  server.setTimeout(QUIET_MS);
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    onAnswer("-", refuseGarbage(error, socket as Socket));
  });
  // A client that is no TLS client at all, or went: nobody to answer.
  server.on("tlsClientError", (_, socket: Socket) => socket.destroy());
  await listen(server, address, options.fd);
  // An accept that fails for want of descriptors is tried again by the system.
  server.on("error", () => {});
  const path = address.kind === "unix" ? address.path : undefined;
  const inode = path && inodeOfSocket(path);
  return {
    key: address.text,
    isSecure: secure !== undefined,
    /** The address really bound. */
    text: address.kind === "unix" ? address.text : boundText(server.address() as AddressInfo),
    setCertificate: (next: Certificate) => secure?.setSecureContext(next),
    /** The listening socket's descriptor; -1 where there is none. */
    fd: () => (server as unknown as { _handle?: { fd: number } })._handle?.fd ?? -1,
    /** Takes no more connections at once; ends those that are there after `graceMs`, the idle ones before. */
    close: ({ graceMs, isPassedOn = false }: Closing) =>
      new Promise<void>((resolve) => {
        if (path !== undefined && !isPassedOn) removeSocket(path, inode || undefined);
        const timer = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(timer);
          resolve();
        });
        server.closeIdleConnections();
        if (isPassedOn) connections.endStreams();
        if (graceMs === 0) server.closeAllConnections();
      }),
  };
}

function boundText({ address, port }: AddressInfo): string {
  return formatEndpoint({ ip: parseIp(address), port });
}

/** The status that it was answered with. */
function refuseGarbage({ code }: NodeJS.ErrnoException, socket: Socket): number {
  const [status, words] =
    code === "HPE_HEADER_OVERFLOW"
      ? [431, "Request Header Fields Too Large"]
      : code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? [408, "Request Timeout"]
        : [400, "Bad Request"];
  if (socket.writable)
    socket.write(`HTTP/1.1 ${status} ${words}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  socket.destroySoon();
  return Number(status);
}
