# Capabilities that the kernel checks against the initial user namespace (capable(), not ns_capable()) wherever they
# reach beyond the service, which has a user namespace of its own. Inside it some have an effect: CAP_SYS_NICE and
# CAP_SYS_RESOURCE on processes of its other users, CAP_IPC_LOCK on shared memory.
map (name: "CAP_${name}") [
  "AUDIT_CONTROL"
  "AUDIT_READ"
  "AUDIT_WRITE"
  "BLOCK_SUSPEND"
  "BPF"
  "IPC_LOCK"
  "LEASE"
  "LINUX_IMMUTABLE"
  "MAC_ADMIN"
  "MAC_OVERRIDE"
  "MKNOD"
  "PERFMON"
  "SYSLOG"
  "SYS_MODULE"
  "SYS_NICE"
  "SYS_PACCT"
  "SYS_RAWIO"
  "SYS_RESOURCE"
  "SYS_TIME"
  "SYS_TTY_CONFIG"
  "WAKE_ALARM"
]
