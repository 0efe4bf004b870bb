// The figures that rows are compared by: how each is read from a run's loads, and which way is better.

/**
 * @typedef {object} Figure
 * @property {string} key
 * @property {string} label
 * @property {"ns" | "us" | "perSecond" | "gbit" | "bytes"} unit
 * @property {"lower" | "higher"} better
 * @property {(run: import("../measure.js").Run) => number | null} read
 */

/** @type {Figure} */
export const cpu = {
  key: "cpu",
  label: "CPU per datagram",
  unit: "ns",
  better: "lower",
  read: ({ loads }) => loads.main.cpuNsPerDatagram,
};

/** @type {Figure} */
export const replies = {
  key: "replies",
  label: "replies",
  unit: "perSecond",
  better: "higher",
  read: ({ loads }) => loads.main.repliesPerSecond,
};

/** @type {Figure} */
export const received = {
  key: "received",
  label: "received by the backends",
  unit: "gbit",
  better: "higher",
  read: ({ loads }) => loads.main.gbitPerSecond,
};

/** @type {Figure} */
export const p50 = {
  key: "p50",
  label: "reply time, p50",
  unit: "us",
  better: "lower",
  read: ({ loads }) => loads.main.p50Us,
};

/** @type {Figure} */
export const p99 = {
  key: "p99",
  label: "reply time, p99",
  unit: "us",
  better: "lower",
  read: ({ loads }) => loads.main.p99Us,
};
