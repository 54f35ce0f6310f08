# Options for the part of a bus that an app or a service may use.
{ lib }:
{
  # who: "app" or "service"; at: the path of its options; kind: which bus, "session" or "system"
  who,
  at,
  kind,
  default,
  example,
}:
let
  inherit (lib) mkOption types;
  risk = {
    session = "the session's service manager starts any program outside the namespace for whoever asks.";
    system = ''
      systemd-resolved looks up names in clear text, and NetworkManager and others reveal the host's addresses. The
      attacks `bus-activation`, `bus-names`, `resolvectl`, `resolved-dbus` and `systemd-run-bus` of
      `nsguard-leaktest list` succeed.'';
  };
  # A bus with nobody else on it serves an app only: a service has no second launch to find the first.
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
      How the ${who} reaches the ${kind} bus. `none`: not at all. `filtered`: through xdg-dbus-proxy, which forwards
      only what {option}`${at}.dbus.${kind}.talk` grants. `host`: like any program.
      ${lib.optionalString private ''

        `private`: the app has a bus of its own (dbus-daemon(1)), without the session's programs, and which starts
        nothing. A second launch finds the first by it, whatever name the program takes. There are no notifications
        and no portals.
      ''}
      Risk of `"host"`: ${risk.${kind}}
      ${lib.optionalString private ''
        Of `"private"`: none for the host; the user's other programs can connect to that bus and call the app.
      ''}'';
  };

  talk = mkOption {
    type = types.listOf types.str;
    default = default.talk;
    inherit example;
    description = ''
      Names on the ${kind} bus that the ${who} may talk to when access is `filtered`. A `.*` at the end stands for
      whatever follows. The owner of a name works outside the namespace for its callers. Names by which programs are
      started, pages opened or hosts looked up are therefore refused.

      Risk: what the owner of a name does over the network for its callers uses the host's network.
    '';
  };
}
