# The kernel's own files and calls: root owns them even without a capability. Records of protections, as in
# ./default.nix.
#
# nests: whether what runs is a person's and may make sandboxes of its own. A user namespace may have a procfs of its own
# only while the one outside has nothing laid over it (mount_namespaces(7)), and a host name of its own only where the
# call is allowed. Neither file nor name is anybody's but root's, so that an ordinary user needs no more than the rest.
{ nests }:
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
      InaccessiblePaths = append [
        "-/sys/kernel/debug"
        "-/sys/kernel/tracing"
        "-/dev/hugepages"
      ];
    }
    // (
      if nests then { ReadOnlyPaths = append [ "/sys" ]; } else { ProtectKernelTunables = set true; }
    );
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
    properties =
      if nests then
        { SystemCallFilter = append [ "~syslog:EPERM" ]; }
      else
        { ProtectKernelLogs = set true; };
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
    properties =
      if nests then
        { }
      else
        {
          ProtectHostname = atLeast [
            [ "private" ]
            yes
          ] true;
        };
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
