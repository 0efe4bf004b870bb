/** What can be seen of a running balancer: figures, flows, where a datagram would go, what a reload would do. */
import type { ConfigPlan, Explanation, FlowFilter, FlowInfo, Stats } from "./api.js";
import type { Config } from "./config/config.js";
import type { Clock } from "./core/clock.js";
import type { DiscoveryLink } from "./discovery-link.js";
import { type ExplainedDatagram, explain } from "./explain.js";
import { createFlowQuery, listFlowInfo } from "./flow-info.js";
import type { FlowLog } from "./flow-log.js";
import type { HealthControl } from "./health-control.js";
import type { InForce } from "./in-force.js";
import { createPlan } from "./plan.js";
import type { Plane } from "./planes/plane.js";
import { createReadiness } from "./readiness.js";
import { createRoutingView, RoutingView } from "./routing-view.js";
import { countActiveFlows, createStats } from "./stats.js";

export interface ObserverOptions {
  readonly clock: Clock;
  readonly plane: Plane;
  readonly planeNotes: readonly string[];
  readonly health: HealthControl;
  readonly discovery: DiscoveryLink;
  readonly flowLog: FlowLog;
  readonly inForce: InForce;
  /** False while another process receives the requests. */
  readonly receives: () => boolean;
  readonly isClosing: () => boolean;
}

export class Observer {
  readonly #options: ObserverOptions;
  readonly #routing = new RoutingView();
  readonly #startedAtMs: number;

  constructor(options: ObserverOptions) {
    this.#options = options;
    this.#startedAtMs = options.clock.now();
  }

  stats(): Stats {
    const { plane, planeNotes, health, discovery, flowLog, inForce, receives, isClosing, clock } =
      this.#options;
    const { snapshot, addresses, version } = inForce;
    const probes = health.probes();
    const status = health.status();
    const readiness = { snapshot, addresses, probes, health: status };
    return createStats({
      ...{ planeNotes, snapshot, configVersion: version, addresses, probes },
      plane: plane.name,
      ready: createReadiness({ ...readiness, receives: receives(), closes: isClosing() }),
      workers: plane.workers().map((worker, index) => ({ index, ...worker })),
      uptimeMs: clock.now() - this.#startedAtMs,
      sources: discovery.stats(),
      flowLog: flowLog.figures,
      health: status,
      counters: plane.counters,
    });
  }

  flows(filter: FlowFilter): FlowInfo[] {
    const { plane, inForce } = this.#options;
    const { snapshot } = inForce;
    return listFlowInfo(plane.flows(createFlowQuery(filter, snapshot)), snapshot);
  }

  explain(datagram: ExplainedDatagram): Explanation {
    const { plane, health, inForce } = this.#options;
    const { snapshot, addresses } = inForce;
    return explain(datagram, {
      ...{ snapshot, addresses },
      routing: this.#routing.of(snapshot),
      flows: (query) => plane.flows(query),
      health: health.status(),
      refusedLately: health.refusedLately(),
      activeFlows: countActiveFlows(plane.counters),
    });
  }

  /** @param written a config that is valid */
  plan(written: Config): ConfigPlan {
    const { plane, health, discovery, inForce } = this.#options;
    const config = discovery.peek(written);
    const snapshot = health.decorate(inForce.preview(config));
    const routing = this.#routing.of(inForce.snapshot);
    return createPlan(
      { config: inForce.config, snapshot: inForce.snapshot, routing },
      { config, snapshot, routing: createRoutingView(snapshot, routing) },
      plane.flowPlaces(),
      plane.name,
    );
  }
}
