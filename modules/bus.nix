# Options for the part of a bus that an app or a service may use.
{ lib }:
{
  # what it is, where its options stand, and which bus: "session" or "system"
  who,
  at,
  kind,
  default,
  example,
}:
let
  inherit (lib) mkOption types;
  risk = {
    session = "the session's manager starts any program outside the namespace for whoever asks.";
    system = ''
      systemd-resolved looks up names in clear, NetworkManager and others tell the host's addresses. The attacks
      `bus-activation`, `bus-names`, `resolvectl`, `resolved-dbus` and `systemd-run-bus` of `nsguard-leaktest list`
      succeed then.'';
  };
in
{
  access = mkOption {
    type = types.enum [
      "none"
      "filtered"
      "host"
    ];
    default = default.access;
    example = "filtered";
    description = ''
      Whether the ${who} reaches the ${kind} bus: not at all, by xdg-dbus-proxy, which passes on what
      {option}`${at}.dbus.${kind}.talk` grants, or as any program does.

      Risk of `"host"`: ${risk.${kind}}
    '';
  };

  talk = mkOption {
    type = types.listOf types.str;
    default = default.talk;
    inherit example;
    description = ''
      Names on the ${kind} bus that the ${who} may talk to, when it is filtered; a `.*` at the end stands for whatever
      follows. Whoever has a name works outside the namespace for those who talk to it, so that names by which
      programs are started, pages opened or hosts looked up are refused.

      Risk: what a service does for its callers over the network goes by the host's.
    '';
  };
}
