# Properties that systemd 258 to 262 added and that a confined service may have: none shows or starts anything outside.
# checks/eval/reject/exposed-by-properties.nix has the others.
let
  properties = {
    # An interface of the host's, by number: in the namespace another one has that number, or none.
    BindNetworkInterface = "lo";
    CPUPressureThresholdSec = "1s";
    CPUPressureWatch = "on";
    CPUSetPartition = "member";
    CacheDirectoryAccounting = true;
    CacheDirectoryQuota = "1G";
    ExecReloadPost = "/usr/bin/true";
    IOPressureThresholdSec = "1s";
    IOPressureWatch = "on";
    LogsDirectoryAccounting = true;
    LogsDirectoryQuota = "10%";
    MemoryTHP = "never";
    OOMRules = "some";
    # It hides the host's tree, and is empty.
    PrivateBPF = true;
    ProtectHostname = "private:inside";
    # On a reload: the same extension, and credentials from the same sources (harness/tests/lab/test_newer_systemd.py).
    RefreshOnReload = "extensions credentials";
    RestartRandomizedDelaySec = "1s";
    StateDirectoryAccounting = true;
    StateDirectoryQuota = "1G";
  };
  conditions = {
    AssertPathIsSocket = "!/srv/socket";
    ConditionFraction = "all 50%";
    ConditionKernelModuleLoaded = "wireguard";
    ConditionMachineTag = "a";
    ConditionVersion = "systemd >= 258";
  };
in
{
  specification = {
    inherit (import ../vpn.nix) tunnels namespaces;
    services.newer = {
      namespace = "vpn";
      unitConfig = conditions;
      serviceConfig = properties // {
        ExecStart = "/usr/bin/true";
      };
    };
  };

  # They stay as they are, but for the command, which runs in the namespace, and the host name.
  facts =
    planned:
    let
      unit = planned.units."newer.service";
      kept = set: of: builtins.filter (name: of.${name} or null != set.${name}) (builtins.attrNames set);
    in
    {
      changed = kept properties unit.serviceConfig ++ kept conditions unit.unitConfig;
      inherit (unit.serviceConfig) ProtectHostname;
    };

  expected = {
    changed = [
      "ExecReloadPost"
      "ProtectHostname"
    ];
    ProtectHostname = true;
  };
}
