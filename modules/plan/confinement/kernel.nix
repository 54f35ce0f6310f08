# The kernel's own files and calls: root owns them even without a capability. Records of protections, as in
# ../confinement.nix.
let
  inherit (import ../combine.nix)
    append
    atLeast
    set
    yes
    ;
in
{
  kernel-tunables = {
    guards = "the kernel's own files in /proc and /sys, which are root's whatever capability it lacks: by one of them the kernel runs a program on the host, by others it sees and steers every process";
    properties = {
      ProtectKernelTunables = set true;
      InaccessiblePaths = append [
        "-/sys/kernel/debug"
        "-/sys/kernel/tracing"
        "-/dev/hugepages"
      ];
    };
  };

  control-groups = {
    guards = "the control groups of other units, which root may freeze, end and join";
    # With Delegate=, a unit's own group is read-only to it as well.
    properties.ProtectControlGroups = atLeast [
      [ "strict" ]
      yes
    ] true;
  };

  kernel-log = {
    guards = "the kernel's log, which names the host's links and what they are connected to";
    ownKernel = true;
    besides = [
      "property:capability-bounds"
      "property:private-users"
      "property:private-devices"
      "property:hidden-processes"
    ];
    properties.ProtectKernelLogs = set true;
  };

  kernel-modules = {
    guards = "code of the service's in the kernel";
    ownKernel = true;
    besides = [
      "property:capability-bounds"
      "property:private-users"
    ];
    properties.ProtectKernelModules = set true;
  };

  host-name = {
    guards = "the host's name, which the host announces on its network";
    ownKernel = true;
    besides = [
      "property:capability-bounds"
      "property:kernel-tunables"
      "property:private-users"
    ];
    properties.ProtectHostname = atLeast [
      [ "private" ]
      yes
    ] true;
  };

  clock = {
    guards = "the host's clock, by which keys and certificates come to be invalid";
    ownKernel = true;
    besides = [
      "property:capability-bounds"
      "property:private-users"
    ];
    properties.ProtectClock = set true;
  };

  set-uid-files = {
    guards = "programs that are left for the host to run with the rights of whoever made them";
    properties.RestrictSUIDSGID = set true;
  };
}
