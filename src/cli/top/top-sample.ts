/** What `sluice top` asks once a second, and the rows that it shows of it. */
import type { BackendView, CountersView, EventView, HistoryView, StatusView } from "../../admin/schemas.js";
import { askBackends, askCounters, askEvents, askHistory, askStatus } from "../admin-answers.js";
import type { AdminClient } from "../admin-client.js";
import { nameOf, ratesOf } from "../view/rates.js";

export interface TopSample {
  readonly status: StatusView;
  readonly backends: readonly BackendView[];
  /** Over the last second. */
  readonly counters: CountersView;
  /** Over the last ten seconds, a sample each. */
  readonly history: HistoryView;
  /** Oldest first. */
  readonly events: readonly EventView[];
}

export interface TopRow {
  /** `pool/backend`. */
  readonly name: string;
  readonly backend: BackendView;
  readonly requestsPerS: number;
  readonly repliesPerS: number;
  /** Of the last second of the ten that had replies. */
  readonly p50Ms: number | undefined;
  readonly p99Ms: number | undefined;
  /** The part of the requests of the last ten seconds that have had no reply; undefined without any. */
  readonly loss: number | undefined;
}

const HISTORY_S = 10;
const EVENTS = 20;
const TIMEOUT_MS = 5_000;

export async function askSample(client: AdminClient): Promise<TopSample> {
  const timeoutMs = TIMEOUT_MS;
  const [status, { backends }, counters, history, { events }] = await Promise.all([
    askStatus(client, { timeoutMs }),
    askBackends(client, { timeoutMs }),
    askCounters(client, { timeoutMs, query: { since: "1s" } }),
    askHistory(client, { timeoutMs, query: { seconds: HISTORY_S } }),
    askEvents(client, { timeoutMs, query: { limit: EVENTS } }),
  ]);
  return { status, backends, counters, history, events };
}

export function createRows({ backends, counters, history }: TopSample): TopRow[] {
  const perSecond = ratesOf(counters);
  const counts = new Map(counters.backends.map((one) => [nameOf(one), one]));
  const series = new Map(history.backends.map((one) => [nameOf(one), one]));
  return backends.map((backend) => {
    const name = nameOf(backend);
    const recent = series.get(name);
    return {
      name,
      backend,
      requestsPerS: perSecond(counts.get(name)?.requests.datagrams ?? 0),
      repliesPerS: perSecond(counts.get(name)?.replies.datagrams ?? 0),
      p50Ms: newest(recent?.p50Ms),
      p99Ms: newest(recent?.p99Ms),
      loss: lossOf(total(recent?.requests), total(recent?.replies)),
    };
  });
}

function newest(samples: readonly (number | null)[] = []): number | undefined {
  return samples.findLast((sample) => sample !== null) ?? undefined;
}

function total(samples: readonly (number | null)[] = []): number {
  return samples.reduce<number>((sum, sample) => sum + (sample ?? 0), 0);
}

/** Never below 0: replies to what was asked before the ten seconds began count too. */
function lossOf(requests: number, replies: number): number | undefined {
  return requests === 0 ? undefined : Math.max(0, (requests - replies) / requests);
}
