# Ways past the confinement for TCP, with no route and no link: for each a socket that is born in the namespace, and a proxy
# in the host's network that passes each connection on to one address and port. No packet gets from one to the other.
{ tools, names }:
# describe: namespace's name -> name -> target -> {
#   unit           its units' name, without .socket and .service
#   listen         addresses with ports inside, as systemd has them
#   socket, proxy  what each of the two is, for their descriptions
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
          # It comes after what comes after sockets.target.
          DefaultDependencies = false;
          Conflicts = [ "shutdown.target" ];
          Before = [ "shutdown.target" ];
        };
        socketConfig = {
          ListenStream = listen;
          NetworkNamespacePath = names.netns namespace;
          # A storm pauses the socket, and must not end it for good.
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
          # Without brackets, which it would take for a part of a name and look up.
          ExecStart = "${tools.systemd-socket-proxyd} ${to.address}:${toString to.port}";
          IPAddressAllow = to.address;
          IPAddressDeny = "any";
        };
      };
    };
in
builtins.foldl' (all: name: all // unitsOf name targets.${name}) { } (builtins.attrNames targets)
