/** Servers for tests, in this process: they say who they are and what they got. */
import type { TestContext } from "node:test";
import type { Datagram, OpenPeer, Peer, PeerOptions } from "./peer.js";
import { UdpPeer } from "./udp-peer.js";

export interface Backend {
  readonly name: string;
  readonly peer: Peer;
  readonly address: string;
  /** Everything that arrived, in order. */
  readonly got: Datagram[];
  /** For the `backends` of a config. */
  readonly entry: { readonly name: string; readonly address: string };
}

export interface BackendOptions extends PeerOptions {
  /** Default: an address of its own where there are many, so that nobody else gets its port while it is closed. */
  readonly ip?: string;
  /** Answers one datagram, or not. Default: with the backend's name, a colon and what came. */
  readonly answer?: (backend: Backend, datagram: Datagram) => void;
}

export async function openBackend(
  t: TestContext,
  name: string,
  options: BackendOptions = {},
  openPeer: OpenPeer = UdpPeer.open,
): Promise<Backend> {
  const peer = await openPeer(t, { ip: ownAddress(), ...options });
  const { address } = peer;
  const backend: Backend = { name, peer, address, got: [], entry: { name, address } };
  const answer = options.answer ?? tag;
  peer.serve((datagram) => {
    backend.got.push(datagram);
    answer(backend, datagram);
  });
  return backend;
}

let addresses = 0;

/** One of 127.64.0.0/10 on Linux, where all of 127.0.0.0/8 is local: by process, and in turn. */
export function ownAddress(): string {
  if (process.platform !== "linux") return "127.0.0.1";
  addresses = (addresses % 254) + 1;
  return `127.${64 + ((process.pid >> 8) & 63)}.${process.pid & 255}.${addresses}`;
}

/** Backends with these names, each with its tag. */
export function openBackends(t: TestContext, ...names: string[]): Promise<Backend[]> {
  return Promise.all(names.map((name) => openBackend(t, name)));
}

/** Answers with the very bytes that came. */
export function echo({ peer }: Backend, { payload, from }: Datagram): void {
  peer.send(payload, from);
}

export function silent(): void {}

/** Answers after a while, unless it is closed by then. */
export function answerAfter(ms: number): (backend: Backend, datagram: Datagram) => void {
  return (backend, datagram) => {
    const timer = setTimeout(() => backend.peer.isOpen && tag(backend, datagram), ms);
    timer.unref();
  };
}

export function tag({ name, peer }: Backend, { text, from }: Datagram): void {
  peer.send(`${name}:${text}`, from);
}

/** The backend's name in a reply of `tag`. */
export function tagOf({ text }: Datagram): string {
  return text.slice(0, text.indexOf(":"));
}
