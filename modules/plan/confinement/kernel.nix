# The kernel's own files and calls: root owns them even without a capability. Records of protections, as in
# ./default.nix.
#
# nests: whether the command runs as a person and may make sandboxes of its own. A user namespace can mount a procfs
# of its own only while nothing is mounted over the one outside (mount_namespaces(7)), and set a host name of its own
# only where the call is allowed. Only root can write to these files and set this name, so the other protections suffice
# for an ordinary user.
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
    # Root owns these files, whatever capability it lacks. Through one of them the kernel runs a program on the host;
    # through others root sees and controls every process.
    guards = "the kernel's own files in /proc and /sys";
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
      "property:own-processes"
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
