/** What the flood's process is told, and what it says. */

export interface FloodPlan {
  /** Where the packets go. */
  readonly ip: string;
  readonly port: number;
  /** Packets in all, and how many a second. */
  readonly packets: number;
  readonly perSecond: number;
  /** Distinct made-up addresses. */
  readonly clients: number;
  readonly seed: number;
  /** Flows that ICMP errors quote. Random ones are mixed into a flood; with `onlyErrors` there is nothing else. */
  readonly quotes: readonly { readonly localPort: number; readonly ip: string; readonly port: number }[];
  readonly onlyErrors: boolean;
}

/** So far. */
export interface FloodCount {
  /** Datagrams that a kernel takes for such. */
  readonly datagrams: number;
  /** With a wrong length or checksum: these must end in the kernel. */
  readonly malformed: number;
  readonly icmpErrors: number;
  readonly fromPortZero: number;
  readonly done: boolean;
}
