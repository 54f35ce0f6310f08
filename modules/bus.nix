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
  # Nobody but an app would be on one, and a service has no use for that.
  private = kind == "session";
in
{
  access = mkOption {
    type = types.enum (
      [
        "none"
        "filtered"
        "host"
      ]
      ++ lib.optional private "private"
    );
    default = default.access;
    example = "filtered";
    description = ''
      Whether the ${who} reaches the ${kind} bus: not at all, by xdg-dbus-proxy, which passes on what
      {option}`${at}.dbus.${kind}.talk` grants, or as any program does.
      ${lib.optionalString private ''

        With `"private"` it has a bus of its own (dbus-daemon(1)) that nobody else is on and that starts nothing: by it a
        second launch finds the first, whatever name the program takes. There are no notifications and no portals.
      ''}
      Risk of `"host"`: ${risk.${kind}}${lib.optionalString private " Of `\"private\"`: none of the host's; the person's other programs can call the app by it."}
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
