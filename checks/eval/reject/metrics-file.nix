{
  specification.metrics.textfile = "/var/lib/metrics/nsguard.txt";
  messages = [
    ''nsguard.metrics.textfile: "/var/lib/metrics/nsguard.txt" is malformed; write it like "/var/lib/prometheus-node-exporter/nsguard.prom"''
  ];
}
