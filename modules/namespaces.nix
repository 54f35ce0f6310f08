{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  defaults = import ./plan/defaults.nix;
  required = import ./required.nix { inherit lib; };
  setsOnly = instead: import ./sets-only.nix { inherit lib instead; };

  namespace = {
    options = {
      tunnel = required {
        type = types.str;
        example = "mullvad";
        description = ''
          The tunnel that is this namespace's only way out: a name from {option}`nsguard.tunnels`. Each tunnel serves
          one namespace. Any number of services can share the namespace.

          Risk: services that share a namespace share its loopback interface and its address, and the far end of the
          tunnel sees them as one.
        '';
      };

      users = mkOption {
        type = types.listOf types.str;
        default = defaults.namespace.users;
        example = [ "alice" ];
        description = ''
          Users who may run commands in this namespace without sudo, with `nsguard run NAME -- COMMAND` and
          `nsguard shell NAME`. They become members of {option}`nsguard.namespaces.<name>.group`. A command runs as
          its caller, in the caller's directory, and is confined like a service.

          Risk: these users share the tunnel, its address and the namespace's loopback interface with the services in
          it.
        '';
      };

      group = mkOption {
        type = types.nullOr types.str;
        default = defaults.namespace.group;
        defaultText = lib.literalMD "`nsguard-NAME` where there are `users`";
        example = "vpn";
        description = ''
          The group whose members may run commands in this namespace. It is created if it does not exist.

          Risk: every member may enter the namespace. A login session keeps the groups it began with, so a removed
          member keeps access until the session ends.
        '';
      };

      homes = mkOption {
        type = types.enum [
          "shared"
          "hidden"
        ];
        default = defaults.namespace.homes;
        example = "hidden";
        description = ''
          What commands of {option}`nsguard.namespaces.<name>.users` see of home directories. `shared`: the same as
          their callers, but without the use of sockets that have a path (AF_UNIX). By these they could talk to
          unconfined programs that listen in a home directory, such as an open ssh connection. `hidden`: nothing, like
          services.

          Risk of `shared`: unconfined programs may run what a command leaves there; the attacks `left-for-a-login` and
          `left-in-own-home` succeed. Of `hidden`: none, but callers must be outside their home directory when they
          start a command.
        '';
      };

      hosts = mkOption {
        type = types.attrsOf (types.listOf types.str);
        default = defaults.namespace.hosts;
        example = {
          "10.66.0.5" = [
            "nas.example.org"
            "nas"
          ];
        };
        description = ''
          Host names that everything in this namespace resolves without asking a resolver: IP addresses, each with its
          names, as in {option}`networking.hosts`. They are added to `/etc/hosts` inside, which also maps `localhost`
          and the machine's own host name to the loopback addresses. The host's own `/etc/hosts` is not visible
          inside.

          Risk: the tunnel's resolver is not asked for these names, so a wrong line sends connections to the wrong
          peer. The option changes names, not routes: a connection to an address of the local network goes into the
          tunnel, where the far end sees that address, or nowhere. It reaches the local network only if
          {option}`nsguard.namespaces.<name>.allowedEgress` allows it.
        '';
      };

      # Evaluated only if it is set: most namespaces have none, and a host may have many namespaces.
      portForwarding = mkOption {
        type = types.nullOr (
          setsOnly (name: "write ${name}.enable = true;") (
            types.submodule { options = import ./port-forwarding.nix { inherit lib; }; }
          )
        );
        default = null;
        apply = value: if value == null then defaults.portForwarding else value;
        example = {
          enable = true;
        };
        description = ''
          A port at the tunnel's far end through which the Internet reaches a service in this namespace; none by
          default.

          Risk: everybody on the Internet reaches what listens on the forwarded port. See
          {option}`nsguard.namespaces.<name>.portForwarding.enable`.
        '';
      };

      inherit (import ./publish.nix { inherit lib; }) publish tunnelPorts;
      hostLink = import ./host-link.nix { inherit lib; };
      allowedEgress = import ./allowed-egress.nix { inherit lib; };
      hostServices = import ./host-services.nix { inherit config lib; };

      dns.enforce = mkOption {
        type = types.bool;
        default = defaults.namespace.dns.enforce;
        example = false;
        description = ''
          Whether to redirect every query to port 53 to the tunnel's first resolver, whatever server the query names.

          Risk of `false`: a program that names a resolver of its own then asks that one, through the tunnel. The far
          end of the tunnel sees these queries. Queries to, for example, your usual provider's resolver reveal who you
          are.
        '';
      };
    };
  };
in
{
  options.nsguard.namespaces = mkOption {
    type = types.attrsOf (
      setsOnly (name: "to name its tunnel, write ${name}.tunnel = \"…\";") (types.submodule namespace)
    );
    default = { };
    example = lib.literalExpression ''{ vpn.tunnel = "mullvad"; }'';
    description = ''
      Network namespaces, each with a tunnel as its only way out. A namespace contains the tunnel and a loopback
      interface of its own and nothing else, so while the tunnel is down there is no way out at all. To confine a
      service to one, set {option}`systemd.services.<name>.nsguard.namespace`.

      Each namespace `NAME` consists of two units. `nsguard-netns-NAME.service` lives as long as anything uses the
      namespace. `nsguard-tunnel-NAME.service` can be restarted and changed while services keep running.

      Risk: the namespace alone confines nobody. Only units with the option are confined; whatever enters the
      namespace by other means, root on this machine above all, is not.
    '';
  };
}
