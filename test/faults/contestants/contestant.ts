/** What the suite needs of a balancer, whichever it is. */
import type { FaultName } from "../faults.js";
import type { Place, TestBed } from "../test-bed.js";

export interface Contestant {
  readonly name: string;
  /** Its settings, for the report. */
  readonly settings: string;
  readonly version: string;
  /** Whether it forwards DNS alone. */
  readonly dns: boolean;
  /** Faults that it is spared, and why. */
  readonly cannot: Partial<Readonly<Record<FaultName, string>>>;
  /** Resolves once it listens. @param folder for its files */
  start(bed: TestBed, folder: string, fault: FaultName): Promise<RunningBalancer>;
}

/** An operation that a balancer has none of throws. */
export interface RunningBalancer {
  /** Processes that open a descriptor for a new flow. */
  flowPids(): number[];
  drain(backend: number): Promise<void>;
  remove(backend: number): Promise<void>;
  /** A run with the fault `dns` finds its backends by a name: this one has it no longer. */
  leaveDns(backend: number): Promise<void>;
  /** Puts another config in force: the same backends, their weights changed by the round. */
  reload(round: number): Promise<void>;
  upgrade(): Promise<void>;
  killWorker(): Promise<void>;
  /** Requests and replies that it says it has dropped, by reason; undefined where it does not say. */
  drops(): Promise<Readonly<Record<string, number>> | undefined>;
  stop(): Promise<void>;
}

export function formatPlace({ host, port }: Place): string {
  return `${host}:${port}`;
}
