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
      unanswered: lose
    passive:
      refusals: true
      silence: keep
      maxEjected: 50
    slowStart: none
    health:
      probe: ping
      interval: 5s
      timeout: 1s
      rise: 2
      fall: 3
      jitter: 10
      fastInterval: 1s
      address: 127.0.0.1
      port: 2528
    backends:
      - 127.0.0.1:2526
      - name: b
        address: 127.0.0.1:2527
        weight: 2
        state: enabled
        backup: false
    discover:
      - dns: localhost:2528
        family: ipv4
        resolvers: [127.0.0.53:53]
        minInterval: 5s
        maxInterval: 5m
        weight: 1
        backup: true
        namePrefix: local-
      - srv: _sip._udp.example.org
      - file: backends.yaml

limits:
  maxFlows: auto
  maxFlowsPerClientIp: none
  onFull: drop

shutdown:
  grace: 5s

plane: auto
workers: auto

admin:
  listen: 127.0.0.1:9901
  token: { env: SLUICE_TOKEN }
  readToken: { file: read-token }
  tls: { cert: cert.pem, key: key.pem }
  hosts: [lb.example.org]

flowLog:
  file: flows.jsonl
  sample: 1

metrics:
  otlp:
    endpoint: http://127.0.0.1:4318
    interval: 10s
`;

/** Every probe with every option, as a list in YAML. Tests load each, and hold it complete. */
export const PROBE_EXAMPLES = `- { type: ping }
- { type: udp, send: hello, expect: { text: welcome } }
- { type: udp, send: { hex: ffffffff54 }, expect: { hex: ffffffff49 } }
- { type: udp, send: { base64: AAEC }, expect: { base64: AAEC } }
- { type: udp, send: status, expect: { regex: "players: [0-9]+" } }
- { type: dns, name: example.org, recordType: A, rcodes: [NOERROR, NXDOMAIN] }
- { type: sip, uri: "sip:example.org", status: [200, 404-405] }
- { type: radius, secret: { file: /etc/sluice/radius-secret } }
- { type: stun, fingerprint: true }
- { type: quic }
- { type: coap }
- { type: ntp, maxStratum: 4 }
- { type: tcp }
- { type: http, method: HEAD, path: /health, status: [200, 204], host: www.example.org }
- { type: https, method: GET, path: /health, status: [200-299], host: www.example.org, insecure: true }
- { type: exec, command: [/usr/local/bin/check, --fast] }
`;
