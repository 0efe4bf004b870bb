/** The boxes of the traffic picture. Each is a link to more about it; what the edges show is also there as text. */
import type { JSX } from "preact";
import type { BackendView, ListenerView, PoolView } from "../api/views.js";
import { formatCount, formatMs, formatRate, plural } from "../format.js";
import { fullName, STATE_LABELS, stateOf } from "../model/backend-state.js";
import { backendKey } from "../model/history.js";
import type { TrafficRate } from "../model/rates.js";
import { backendHref, hrefOf } from "../model/route.js";
import type { Timeline } from "../model/timeline.js";
import { StateMark } from "./state-mark.js";

interface RateProps {
  readonly rate: TrafficRate;
  /** Whether it is to be seen here, and not only to be read out. */
  readonly hasRate: boolean;
}

export function RateText({ rate, hasRate }: RateProps): JSX.Element {
  const text = `${formatRate(rate.requests)} requests and ${formatRate(rate.replies)} replies a second`;
  return (
    <>
      <span class="visually-hidden">, {text}</span>
      {hasRate && (
        <span class="box-rate" aria-hidden="true">
          {formatRate(rate.requests)}/s
        </span>
      )}
    </>
  );
}

interface ListenerBoxProps extends RateProps {
  readonly listener: ListenerView;
  readonly dropped: number | null;
}

export function ListenerBox({ listener, dropped, ...shared }: ListenerBoxProps): JSX.Element {
  return (
    <a href={hrefOf("flows", [], { listener: listener.name })}>
      <span class="box-line">
        <span class="box-name">{listener.name}</span>
        <RateText {...shared} />
      </span>
      <span class="box-line box-sub">
        {listener.name !== listener.address && <span class="address">{listener.address}</span>}
        {dropped !== null && dropped > 0 ? (
          <span class="dropped">{formatRate(dropped)}/s dropped</span>
        ) : (
          <span>{plural(listener.activeFlows, "flow")}</span>
        )}
      </span>
    </a>
  );
}

export function PoolBox({ pool }: { readonly pool: PoolView }): JSX.Element {
  return (
    <a href={hrefOf("backends", [], { pool: pool.name })}>
      <span class="box-line">
        <span class="box-name">{pool.name}</span>
        <span class={pool.up + pool.states.untried < pool.total ? "box-up box-up-some" : "box-up"}>
          {formatCount(pool.up)} of {formatCount(pool.total)} up
          {pool.states.untried > 0 && `, ${formatCount(pool.states.untried)} untried`}
        </span>
      </span>
      <span class="box-line box-sub">
        <span>{pool.policy}</span>
        {pool.affinity !== "none" && <span>by {pool.affinity}</span>}
      </span>
    </a>
  );
}

interface BackendBoxProps extends RateProps {
  readonly backend: BackendView;
  readonly timeline: Timeline;
}

export function BackendBox({ backend, timeline, ...shared }: BackendBoxProps): JSX.Element {
  const state = stateOf(backend);
  const p99Ms = timeline.last(backendKey(fullName(backend), "p99Ms"));
  return (
    <a href={backendHref(backend)} title={backend.reason} class={`state-${state}`}>
      <span class="box-line">
        <StateMark state={state} />
        <span class="box-name">{backend.name}</span>
        {state === "up" ? (
          <span class="visually-hidden">, up</span>
        ) : (
          <span class="box-state">{STATE_LABELS[state]}</span>
        )}
        {p99Ms !== null && (
          <span class="box-time">
            <span class="visually-hidden">, </span>
            <span class="box-time-label">p99</span> {formatMs(p99Ms)}
          </span>
        )}
        <RateText {...shared} />
      </span>
    </a>
  );
}
