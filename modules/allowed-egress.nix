# nsguard.namespaces.<name>.allowedEgress
{ lib }:
let
  inherit (lib) mkOption types;
  defaults = (import ./plan/defaults.nix).exception;
in
mkOption {
  type = types.attrsOf (
    types.submodule {
      options = {
        address = mkOption {
          type = types.str;
          example = "192.168.1.10";
          description = ''
            The address of the host that is to be reached, and under which services inside reach it. While the exception
            stands, this address leads there and never into the tunnel, and at other ports of it nobody listens.

            Risk: whoever has the address on the network that the host is in, is the one that is talked to.
          '';
        };

        port = mkOption {
          type = types.port;
          example = 445;
          description = ''
            The port that is to be reached.

            Risk: what listens there may itself talk to the world, as a proxy, a resolver or a print server does.
          '';
        };

        protocol = mkOption {
          type = types.str;
          default = defaults.protocol;
          example = "tcp";
          description = ''
            The protocol: `tcp`. What has no connections cannot be passed on without a route, which there is not.

            Risk: none of its own.
          '';
        };
      };
    }
  );
  default = { };
  example = lib.literalExpression ''
    {
      nas = {
        address = "192.168.1.10";
        port = 445;
      };
    }
  '';
  description = ''
    Exceptions from the confinement, by name: hosts on your own network that services in this namespace reach besides the
    tunnel, each at one port. No route leads there: the address is laid on the namespace's loopback interface, and a
    proxy that may talk to this address alone passes each connection on, from the host's own address. It does so whether
    or not the tunnel is up.

    Risk: the service can tell that host anything, and learn from it, where it is and what else is on your network; the
    connections stand in clear on the uplink, where leak tests name and count them.
  '';
}
