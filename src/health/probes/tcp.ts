/** The `tcp` probe: a connection that opens is enough. It is reset afterwards, so that no TIME_WAIT stays behind. */
import { connect } from "node:net";
import { formatIp } from "../../core/address.js";
import { type Probe, passed } from "../probe.js";
import { attempt } from "./attempt.js";
import { failedBy } from "./describe-fault.js";

export function createTcpProbe(): Probe {
  return {
    type: "tcp",
    run: ({ ip, port }, timeoutMs, signal) =>
      attempt({ timeoutMs, signal }, (settle) => {
        const socket = connect({ host: formatIp(ip), port });
        socket.on("connect", () => settle(passed("connected")));
        socket.on("error", (error) => settle(failedBy(error)));
        return () => socket.resetAndDestroy();
      }),
  };
}
