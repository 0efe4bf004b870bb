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
    guard:
      deny: []
      allow: []
      exempt: []
      denyFile: none
      allowFile: none
      perClient:
        prefix4: 32
        prefix6: 64
        datagrams: none
        bytes: none
        newFlows: none
        burst: 1s
      perNetwork:
        prefix4: 24
        prefix6: 56
        datagrams: none
        bytes: none
        newFlows: none
        burst: 1s
      amplification: none
      maxTracked: 65536
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
