/** The config that the reference page shows: every key once, most with its default. A test loads it. */
export const REFERENCE_EXAMPLE = `listeners:
  - name: dns
    address: 127.0.0.1:2525
    pool: default
    ipv6Only: false
    session:
      idleTimeout: 120s
      maxLifetime: none
      requests: none
      responses: none
    receiveBuffer: 4MiB
    sendBuffer: 4MiB

pools:
  - name: default
    policy: round-robin
    affinity: none
    maglevTableSize: 65537
    failOpen: true
    failover:
      unhealthy: move
      draining: keep
      removed: move
    backends:
      - 127.0.0.1:2526
      - name: b
        address: 127.0.0.1:2527
        weight: 2
        state: enabled

limits:
  maxFlows: auto
  maxFlowsPerClientIp: none
  onFull: drop

shutdown:
  grace: 5s

plane: auto
workers: auto
`;
