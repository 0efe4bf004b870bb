/** The types of events that a balancer has, as the API and the commands name them. */
export const EVENT_TYPES = [
  "listening",
  "reload",
  "reloadFailed",
  "discovery",
  "warning",
  "backend",
  "operator",
] as const;
