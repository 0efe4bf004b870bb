/** The `http` and `https` probes: one request on a connection of its own, judged by the status of the response. */
import { type ClientRequest, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import type { HttpProbeConfig } from "../../config/health-config.js";
import { type Endpoint, formatEndpoint, formatIp } from "../../core/address.js";
import { failed, type Outcome, type Probe, passed } from "../probe.js";
import { attempt } from "./attempt.js";
import { describeFault, failedBy } from "./describe-fault.js";
import { isInRanges } from "./status-ranges.js";

export function createHttpProbe(config: HttpProbeConfig): Probe {
  return {
    type: config.type,
    run: (target, timeoutMs, signal) =>
      attempt({ timeoutMs, signal }, (settle) => {
        const request = openRequest(config, target);
        request.on("response", (response) => settle(judgeStatus(response.statusCode ?? 0, config.status)));
        // Also after it settled: destroying it is an error of its own.
        request.on("error", (error) => settle(failedBy(error, describeHttpFault)));
        request.end();
        return () => request.destroy();
      }),
  };
}

/** Redirects are not followed: that a server redirects is the answer. */
function openRequest(config: HttpProbeConfig, target: Endpoint): ClientRequest {
  const common = {
    host: formatIp(target.ip),
    port: target.port,
    method: config.method,
    path: config.path,
    agent: false as const,
    headers: {
      Host: config.host === "" ? formatEndpoint(target) : config.host,
      "User-Agent": "sluice",
      Accept: "*/*",
      Connection: "close",
    },
  };
  if (config.type === "http") return requestHttp(common);
  const name = config.host.replace(/:\d+$/, "");
  const servername = isIP(name) === 0 ? name : "";
  return requestHttps({ ...common, rejectUnauthorized: !config.insecure, servername });
}

export function judgeStatus(status: number, expected: readonly string[]): Outcome {
  if (isInRanges(status, expected)) return passed(`status ${status}`);
  return failed(`status ${status}, expected ${expected.join(" or ")}`);
}

/** OpenSSL's reasons, such as `CERT_HAS_EXPIRED`, say it best; llhttp's begin with `HPE_`. */
function describeHttpFault(error: NodeJS.ErrnoException): string {
  if (error.code?.startsWith("HPE_")) return `the answer is not HTTP (${error.code})`;
  return describeFault(error);
}
