# Ways past the confinement for TCP, without a route and without a link: for each, a socket that is created in the
# namespace, and a proxy in the host's network that forwards each connection to one address and port. No packet passes
# between the two.
{ tools, names }:
# describe: namespace's name -> name -> target -> {
#   unit           its units' name, without .socket and .service
#   listen         addresses with ports inside, as systemd has them
#   socket, proxy  the descriptions of the two units
# }
# targets: name -> { address; port; }, where the proxy connects to
# -> units
describe: namespace: targets:
let
  netns = names.netnsUnit namespace;

  unitsOf =
    name: to:
    let
      inherit (describe namespace name to)
        unit
        listen
        socket
        proxy
        ;
    in
    {
      "${unit}.socket" = {
        unitConfig = {
          Description = socket;
          BindsTo = [ netns ];
          After = [ netns ];
          # The namespace's unit starts after sockets.target, and this socket after that unit.
          DefaultDependencies = false;
          Conflicts = [ "shutdown.target" ];
          Before = [ "shutdown.target" ];
        };
        socketConfig = {
          ListenStream = listen;
          NetworkNamespacePath = names.netns namespace;
          # Too many connections pause the socket; they must not stop it for good.
          TriggerLimitIntervalSec = 0;
        };
        wantedBy = [
          "multi-user.target"
          netns
        ];
      };

      "${unit}.service" = {
        unitConfig = {
          Description = proxy;
          Requires = [ "${unit}.socket" ];
          After = [ "${unit}.socket" ];
          StartLimitIntervalSec = 0;
        };
        serviceConfig = import ./proxy.nix // {
          # Without brackets: systemd-socket-proxyd would take them for a part of a name and look it up.
          ExecStart = "${tools.systemd-socket-proxyd} ${to.address}:${toString to.port}";
          IPAddressAllow = to.address;
          IPAddressDeny = "any";
        };
      };
    };
in
builtins.foldl' (all: name: all // unitsOf name targets.${name}) { } (builtins.attrNames targets)
