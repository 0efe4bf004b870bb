/** What is known of a backend besides its charts. */
import type { ComponentChildren, JSX } from "preact";
import type { BackendView } from "../api/views.js";
import { formatBytes, formatDuration, formatExact, formatMs, formatPart } from "../format.js";
import { hrefOf } from "../model/route.js";

export function BackendFacts({ backend }: { readonly backend: BackendView }): JSX.Element {
  const { replyTime, probes } = backend;
  return (
    <section class="card" aria-labelledby="facts-title">
      <h2 id="facts-title">Figures since the start</h2>
      <dl class="facts">
        <Fact name="Address">
          <span class="address">{backend.address}</span>
        </Fact>
        <Fact name="Weight">
          {formatExact(backend.weight)}
          {backend.share < 1 && `, of which it gets ${formatPart(backend.share)}`}
          {backend.backup && ", backup"}
        </Fact>
        <Fact name="Requests">
          {formatExact(backend.requests.datagrams)} ({formatBytes(backend.requests.bytes)})
        </Fact>
        <Fact name="Replies">
          {formatExact(backend.replies.datagrams)} ({formatBytes(backend.replies.bytes)})
        </Fact>
        <Fact name="Flows">
          <a href={hrefOf("flows", [], { backend: `${backend.pool}/${backend.name}` })}>
            {formatExact(backend.activeFlows)} live
          </a>
          , {formatExact(backend.openedFlows)} opened
        </Fact>
        <Fact name="Reply time">
          {replyTime.samples === 0
            ? "no replies"
            : `p50 ${formatMs(replyTime.p50Ms)}, p90 ${formatMs(replyTime.p90Ms)}, p99 ${formatMs(replyTime.p99Ms)}, longest ${formatMs(replyTime.maxMs)}`}
        </Fact>
        <Fact name="Refused by its host">{formatExact(backend.refused)}</Fact>
        <Fact name="Dropped in full queues">{formatExact(backend.queueDrops)}</Fact>
        <Fact name="Probes">
          {probes === null
            ? "none configured"
            : `${formatExact(probes.ok)} good, ${formatExact(probes.failed)} failed; last ${formatDuration(probes.sinceMs)} ago in ${formatMs(probes.lastMs)}`}
          {probes?.lastError && <span class="cell-sub">{probes.lastError}</span>}
        </Fact>
      </dl>
    </section>
  );
}

function Fact({
  name,
  children,
}: {
  readonly name: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
