{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  defaults = import ./plan/defaults.nix;

  namespace = {
    options = {
      tunnel = mkOption {
        type = types.str;
        example = "mullvad";
        description = ''
          Name of the tunnel, one of {option}`nsguard.tunnels`, that is the only way out of this namespace.
          Each tunnel serves one namespace; any number of services can share the namespace.

          Risk: services that share a namespace share its loopback interface and its address, and the far end of
          the tunnel sees them as one.
        '';
      };

      users = mkOption {
        type = types.listOf types.str;
        default = defaults.namespace.users;
        example = [ "alice" ];
        description = ''
          Users who may run commands in this namespace, by `nsguard run NAME -- COMMAND` and `nsguard shell NAME`,
          without sudo. They become members of {option}`nsguard.namespaces.<name>.group`. A command runs as its
          caller, in the caller's directory, and is confined as a service is.

          Risk: those users share the tunnel, its address and the namespace's loopback interface with the services
          in it.
        '';
      };

      group = mkOption {
        type = types.nullOr types.str;
        default = defaults.namespace.group;
        defaultText = lib.literalMD "`nsguard-NAME` where there are `users`";
        example = "vpn";
        description = ''
          The group whose members may run commands in this namespace. It is made if it is not there.

          Risk: whoever puts an account into the group lets it in, and a session keeps the groups that it began with.
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
          Whether commands of {option}`nsguard.namespaces.<name>.users` see home directories: `shared` as their
          callers do, but without sockets by path (AF_UNIX), over which they could talk to unconfined programs that
          serve in there, such as an ssh connection that is already open; `hidden` not at all, as services do.

          Risk of `shared`: what a command leaves there, unconfined programs may run: the attacks `left-for-a-login` and
          `left-in-own-home`.
          Of `hidden`: none, but callers must be elsewhere than at home when they start a command.
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
          Host names that everything in this namespace resolves without asking a resolver: an IP address and its names, as
          in {option}`networking.hosts`. They are added to `/etc/hosts` inside, which names the machine's own host name and
          `localhost` on the loopback addresses. The host's `/etc/hosts` is not seen inside.

          Risk: these names are not looked up by the tunnel's resolver, so a wrong line sends connections to the wrong peer.
          The option changes names and no routes. A connection to a name with an address of the local network goes into
          the tunnel, where the far end sees that address, or nowhere; it reaches the local network only where
          {option}`nsguard.namespaces.<name>.allowedEgress` lets it.
        '';
      };

      # Evaluated where it is set: most namespaces have none, and a host may have many.
      portForwarding = mkOption {
        type = types.nullOr (types.submodule { options = import ./port-forwarding.nix { inherit lib; }; });
        default = null;
        apply = value: if value == null then defaults.portForwarding else value;
        example = {
          enable = true;
        };
        description = ''
          A port at the tunnel's far end, by which the world reaches a service in this namespace; by default none.

          Risk: that of {option}`nsguard.namespaces.<name>.portForwarding.enable`.
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
          Whether to redirect every query to port 53, whatever server it names, to the tunnel's first resolver.

          Risk of `false`: a program with a resolver of its own asks that one, through the tunnel; the far end of
          the tunnel then sees queries to, say, your usual provider's resolver, which tells who you are.
        '';
      };
    };
  };
in
{
  options.nsguard.namespaces = mkOption {
    type = types.attrsOf (types.submodule namespace);
    default = { };
    example = lib.literalExpression ''{ vpn.tunnel = "mullvad"; }'';
    description = ''
      Network namespaces, each with a tunnel as its only way out: there is nothing else in it but its own loopback
      interface, so with the tunnel down there is no way out at all. A service is put into one by
      {option}`systemd.services.<name>.nsguard.namespace`.

      Each namespace `NAME` is two units: `nsguard-netns-NAME.service`, which lives as long as anything uses it, and
      `nsguard-tunnel-NAME.service`, which can be restarted and changed while services in it keep running.

      Risk: anything that may enter the namespace by other means, root on this machine above all, is not confined by
      it: only units with the option are.
    '';
  };
}
