# Dependencies among units without which a path would be open, or a unit would not work.
{ names, without }:
let
  inherit (builtins) concatMap;
  inherit (import ../protections.nix { inherit without; }) kept listed;

  # of: `service`, `tunnel`, `rules`, `link` or `publish`; unitConfig: namespace -> lists by directive
  records = {
    service-bound = {
      of = "service";
      guards = "against a service that lives on in a namespace that was removed";
      unitConfig = ns: { BindsTo = [ (names.netnsUnit ns) ]; };
    };
    service-after = {
      of = "service";
      # A service also waits for its tunnel, but the tunnel may be missing.
      guards = "against a service that finds no namespace when the machine starts without the tunnel";
      unitConfig = ns: { After = [ (names.netnsUnit ns) ]; };
    };
    # The directories of these units are hidden if they exist when the service starts (./hidden.nix).
    service-after-daemons = {
      of = "service";
      unitConfig = _: {
        After = [
          "autofs.service"
          "nix-daemon.socket"
        ];
      };
    };
    # Without these two, a port would not answer until somebody restarts it, but it would lead nowhere else.
    publish-bound = {
      of = "publish";
      unitConfig = ns: { BindsTo = [ (names.netnsUnit ns) ]; };
    };
    publish-after = {
      of = "publish";
      unitConfig = ns: { After = [ (names.netnsUnit ns) ]; };
    };
    tunnel-bound = {
      of = "tunnel";
      guards = "against a tunnel that systemd takes for active after its namespace was recreated";
      unitConfig = ns: { BindsTo = [ (names.netnsUnit ns) ]; };
    };
    tunnel-after = {
      of = "tunnel";
      guards = "against a tunnel that finds no namespace when the machine starts";
      unitConfig = ns: { After = [ (names.netnsUnit ns) ]; };
    };
    tunnel-reloaded = {
      of = "tunnel";
      guards = "the pin: a reload of the host's firewall may flush every table, including this tunnel's";
      unitConfig = _: {
        After = [ "nftables.service" ];
        ReloadPropagatedFrom = [ "nftables.service" ];
      };
    };
    # A start is not passed on as a reload is, so a unit of its own follows it.
    rules-follow = {
      of = "rules";
      guards = "the pin, and rules for clients: a start of the host's firewall may flush every table, too";
      unitConfig = _: {
        After = [ "nftables.service" ];
        WantedBy = [ "nftables.service" ];
      };
    };
    # Until the table is loaded again, the namespace's own rules let nothing out.
    link-reloaded = {
      of = "link";
      unitConfig = _: {
        After = [ "nftables.service" ];
        ReloadPropagatedFrom = [ "nftables.service" ];
      };
    };
  };
in
{
  # What a tunnel waits for, and what comes before that.
  awaited = [
    "network-pre.target"
    "network.target"
    "nss-lookup.target"
  ];

  # The directives for units of one kind: directive -> list of units.
  directives =
    of: namespace:
    let
      sets = map (record: record.unitConfig namespace) (
        builtins.filter (record: record.of == of) (builtins.attrValues (kept "dependency" records))
      );
    in
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = concatMap (set: set.${name} or [ ]) sets;
      }) (concatMap builtins.attrNames sets)
    );

  protections = listed "dependency" records;
}
