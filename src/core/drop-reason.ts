/**
 * Why a datagram was not forwarded. The position in this list is the number that the packet path and the counters
 * use; add new reasons at the end. docs/live-flows.md explains each to users and a test holds the two together.
 */
export const DROP_REASONS = [
  "no_backend",
  "flow_table_full",
  "client_flow_limit",
  "no_descriptor",
  "pending_full",
  "backend_down",
  "backend_draining",
  "backend_removed",
  "late_reply",
  "backend_refused",
  "send_buffer_full",
  "network_unreachable",
  "too_big",
  "send_failed",
  "shutting_down",
  "denied",
  "not_allowed",
  "rate_datagrams",
  "rate_bytes",
  "rate_new_flows",
  "amplification",
  "stray_reply",
  "prohibited_here",
  "unanswerable",
] as const;

export type DropReason = (typeof DROP_REASONS)[number];
