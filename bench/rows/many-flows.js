// The row on live flows: whether many of them make each datagram dearer. (What a flow takes of memory is too little to see from
// outside: `node bench/micro.js` tells.) An open loop, so that few and many flows are met with the same rate, low enough for all to open flows at.
const FEW = 1000;
const RATE = 20_000;
/** After every client has sent for the first time, which opens the flows, and has been answered. */
const OPENED_MS = 1500;

/** @param {readonly object[]} contestants @param {object} plan @param {number} flows */
export function manyFlowsRow(contestants, plan, flows) {
  const few = { ...plan, clients: Math.min(FEW, flows), ratePerSecond: RATE };
  const many = { ...few, clients: flows };
  const name = flows.toLocaleString("en-US");
  return {
    id: "many-flows",
    title: `${name} live flows, ${RATE.toLocaleString("en-US")} requests/s`,
    contestants,
    loads: {
      few: { ...few, warmupMs: OPENED_MS },
      many: { ...many, warmupMs: OPENED_MS + (flows / RATE) * 1000 },
    },
    keepsClients: true,
    figures: [
      figure(
        "cpuFew",
        `CPU per datagram, ${few.clients.toLocaleString("en-US")} flows`,
        "ns",
        (run) => run.loads.few.cpuNsPerDatagram,
      ),
      figure("cpuMany", `CPU per datagram, ${name} flows`, "ns", (run) => run.loads.many.cpuNsPerDatagram),
    ],
  };
}

function figure(key, label, unit, read) {
  return { key, label, unit, better: "lower", read };
}
