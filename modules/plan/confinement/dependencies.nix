# Who needs whom among the units, where something would be open, or dead, without it.
{ names, without }:
let
  inherit (builtins) concatMap;
  inherit (import ../protections.nix { inherit without; }) kept listed;

  # of: `service`, `tunnel`, `rules`, `link` or `publish`; unitConfig: namespace -> lists by directive
  records = {
    service-bound = {
      of = "service";
      guards = "against a service that lives on in a namespace that is no more";
      unitConfig = ns: { BindsTo = [ (names.netnsUnit ns) ]; };
    };
    service-after = {
      of = "service";
      # The service waits for the tunnel, too, which need not be there.
      guards = "against a service that finds no namespace when the machine starts without the tunnel";
      unitConfig = ns: { After = [ (names.netnsUnit ns) ]; };
    };
    # Of these the directories are hidden that are there when the service starts (./hidden.nix).
    service-after-daemons = {
      of = "service";
      unitConfig = _: {
        After = [
          "autofs.service"
          "nix-daemon.socket"
        ];
      };
    };
    # Without these a port would be dead until somebody looks, but lead nowhere else.
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
      guards = "against a tunnel that counts as up when its namespace was made anew";
      unitConfig = ns: { BindsTo = [ (names.netnsUnit ns) ]; };
    };
    tunnel-after = {
      of = "tunnel";
      guards = "against a tunnel that finds no namespace when the machine starts";
      unitConfig = ns: { After = [ (names.netnsUnit ns) ]; };
    };
    tunnel-reloaded = {
      of = "tunnel";
      guards = "the pin: a reload of the host's firewall may flush every table, and that of this tunnel with them";
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
    # The namespace's own rules let nothing out meanwhile.
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
  # The directives that units of one kind get, each a list.
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
