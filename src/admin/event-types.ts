/** The types of events that the API and the commands know. */
export const EVENT_TYPES = [
  "listening",
  "reload",
  "reloadFailed",
  "discovery",
  "warning",
  "backend",
  "operator",
] as const;
