/** The public API of sluice. Everything a program may rely on is exported here, and nothing else is. */
export type {
  Actor,
  BackendControl,
  BackendStateChange,
  BackendStats,
  Balancer,
  BalancerEvents,
  Changes,
  CloseOptions,
  ConfigInForce,
  ConfigPlan,
  Drops,
  ExplainedBackend,
  Explanation,
  FlowFilter,
  FlowInfo,
  ListenerStats,
  OperatorAction,
  ProbeStats,
  Readiness,
  ReloadResult,
  ReplyTime,
  SourceStats,
  Stats,
  Tap,
  TapOptions,
  TappedDatagram,
  Traffic,
  WorkerStats,
} from "./api.js";
export { createBalancer } from "./balancer.js";
export type { Config, ConfigInput } from "./config/config.js";
export { ConfigError, formatProblem, type Problem } from "./config/config-error.js";
export { loadConfigFile, loadConfigText } from "./config/load-config.js";
export type { ShortForm } from "./config/short-form.js";
export type { FlowEnd } from "./core/counters.js";
export type { DropReason } from "./core/drop-reason.js";
export { ListenError, NotSupportedError, SluiceError } from "./core/errors.js";
export type { CreateOptions } from "./started-balancer.js";
