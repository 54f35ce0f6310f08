# nsguard.namespaces.<name>.allowedEgress
{ lib }:
let
  inherit (lib) mkOption types;
  required = import ./required.nix { inherit lib; };
  setsOnly = import ./sets-only.nix {
    inherit lib;
    instead = name: "write ${name} = { address = \"…\"; port = …; };";
  };
in
mkOption {
  type = types.attrsOf (
    setsOnly (
      types.submodule {
        options = {
          address = required {
            type = types.str;
            example = "192.168.1.10";
            description = ''
              Address of the host to reach. Services inside use the same address. While the exception exists, the
              address leads to that host and never into the tunnel, and its other ports are closed.

              Risk: whichever machine has this address on the host's network receives the connections.
            '';
          };

          port = required {
            type = types.port;
            example = 445;
            description = ''
              TCP port to reach. Another protocol cannot be forwarded without a route, and there is none.

              Risk: what listens there may itself talk to the Internet, as a proxy, a resolver or a print server does.
            '';
          };
        };
      }
    )
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
    Exceptions from the confinement, by name: hosts on your own network that everything in this namespace can reach
    besides the tunnel, each at one TCP port. There is no route to them. The address is assigned to the namespace's
    loopback interface, and a proxy forwards each connection, from the host's own address. The proxy can talk to this
    address only, and works whether or not the tunnel is up.

    Risk: a service can send that host anything, and learn from it where it is and what else is on your network. The
    connections are visible on the uplink, where leak tests name and count them.
  '';
}
