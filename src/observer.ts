/** What can be seen of a running balancer: figures, flows, where a datagram would go, what a reload would do. */
import type { ConfigPlan, Explanation, FlowFilter, FlowInfo, Stats } from "./api.js";
import type { Config } from "./config/config.js";
import type { Snapshot } from "./core/snapshot.js";
import type { DiscoveryLink } from "./discovery-link.js";
import { type ExplainedDatagram, explain } from "./explain.js";
import { createFlowQuery, listFlowInfo } from "./flow-info.js";
import type { FlowLog } from "./flow-log.js";
import type { HealthControl } from "./health-control.js";
import { createPlan } from "./plan.js";
import type { Plane } from "./planes/plane.js";
import { createReadiness } from "./readiness.js";
import { createRoutingView, RoutingView } from "./routing-view.js";
import { countActiveFlows, createStats } from "./stats.js";

export interface ObserverOptions {
  readonly plane: Plane;
  readonly planeNotes: readonly string[];
  readonly health: HealthControl;
  readonly discovery: DiscoveryLink;
  readonly flowLog: FlowLog;
  /** Listener slot → address really bound. */
  readonly addresses: ReadonlyMap<number, string>;
  /** At the moment of each call. */
  readonly now: () => ObservedState;
}

export interface ObservedState {
  readonly snapshot: Snapshot;
  /** With what discovery found. */
  readonly config: Config;
  readonly configVersion: number;
  /** False while another process receives the requests. */
  readonly receives: boolean;
  readonly closes: boolean;
}

export class Observer {
  readonly #options: ObserverOptions;
  readonly #routing = new RoutingView();
  readonly #startedAtMs = performance.now();

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  stats(): Stats {
    const { plane, planeNotes, health, discovery, flowLog, addresses, now } = this.#options;
    const state = now();
    const { snapshot, configVersion } = state;
    const probes = health.probes();
    return createStats({
      ...{ planeNotes, snapshot, configVersion, addresses, probes },
      plane: plane.name,
      ready: createReadiness({ ...state, addresses, probes }),
      workers: plane.workers().map((worker, index) => ({ index, ...worker })),
      uptimeMs: performance.now() - this.#startedAtMs,
      sources: discovery.stats(),
      flowLog: flowLog.figures,
      health: new Map(health.status().map((status) => [status.slot, status])),
      counters: plane.counters,
    });
  }

  flows(filter: FlowFilter): FlowInfo[] {
    const { snapshot } = this.#options.now();
    return listFlowInfo(this.#options.plane.flows(createFlowQuery(filter, snapshot)), snapshot);
  }

  explain(datagram: ExplainedDatagram): Explanation {
    const { plane, health, addresses, now } = this.#options;
    const { snapshot } = now();
    const reasons = new Map(health.status().map(({ slot, reason }) => [slot, reason]));
    return explain(datagram, {
      ...{ snapshot, addresses },
      routing: this.#routing.of(snapshot),
      flows: (query) => plane.flows(query),
      reasonOf: (slot) => reasons.get(slot) ?? "",
      refusedLately: health.refusedLately(),
      activeFlows: countActiveFlows(plane.counters),
    });
  }

  /**
   * @param written a config that is valid
   * @param compile without giving out slots
   */
  plan(written: Config, compile: (config: Config) => Snapshot): ConfigPlan {
    const { plane, health, discovery, now } = this.#options;
    const present = now();
    const config = discovery.peek(written);
    const snapshot = health.decorate(compile(config));
    const routing = this.#routing.of(present.snapshot);
    return createPlan(
      { config: present.config, snapshot: present.snapshot, routing },
      { config, snapshot, routing: createRoutingView(snapshot, routing) },
      plane.flowPlaces(),
      plane.name,
    );
  }
}
