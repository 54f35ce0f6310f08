# nsguard.namespaces.<name>.hostServices
{ config, lib }:
let
  inherit (lib) mkOption types;
  defaults = (import ./plan/defaults.nix).hostService;
  setsOnly = import ./sets-only.nix {
    inherit lib;
    instead = name: "for the port on which it listens, write ${name}.port = …;";
  };

  # The port of a service, where its module has an option for it.
  portOf =
    name:
    let
      service = config.services.${name} or { };
    in
    service.settings.server.port or service.settings.port or service.port or defaults.port;

  service =
    { name, ... }:
    {
      options = {
        port = mkOption {
          type = types.nullOr types.port;
          default = portOf name;
          defaultText = lib.literalMD "`services.NAME.port`, `.settings.port` or `.settings.server.port`, if set";
          example = 8989;
          description = ''
            Port on which the service listens on the host.

            Risk: whatever listens there on the host is reached, including another program that has taken the port.
          '';
        };

        address = mkOption {
          type = types.str;
          default = defaults.address;
          example = "::1";
          description = ''
            Loopback address of the host at which the service listens. A service that listens at all addresses listens
            at 127.0.0.1, too.

            Risk: none of its own.
          '';
        };

        listenPort = mkOption {
          type = types.nullOr types.port;
          default = defaults.listenPort;
          defaultText = lib.literalMD "the same as `port`";
          example = 18989;
          description = ''
            Port in the namespace, at 127.0.0.1 and ::1, that leads to the service.

            Risk: none of its own.
          '';
        };
      };
    };
in
mkOption {
  type = types.attrsOf (setsOnly (types.submodule service));
  default = { };
  example = lib.literalExpression ''
    {
      sonarr.port = 8989;
      radarr.port = 7878;
    }
  '';
  description = ''
    Services on this host that everything in the namespace can reach, by name, each at one TCP port. Inside,
    `127.0.0.1:PORT` and `[::1]:PORT` lead to the same port of the host's loopback interface. There is no route and no
    link: systemd listens in the namespace, and a proxy on the host forwards each connection. The proxy can talk to
    that loopback address only, and works whether or not the tunnel is up. Other ports of the host stay out of reach.

    Each entry is a unit `nsguard-host-NAMESPACE@NAME-….socket`, with a service of the same name.

    Risk: every service in the namespace can send that service anything. If it talks to the Internet for its clients,
    as a proxy or a resolver does, it is a way past the tunnel. To it every client is 127.0.0.1: if it skips
    authentication for local clients, it skips it for the confined ones as well.
  '';
}
