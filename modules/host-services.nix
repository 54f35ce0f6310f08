# nsguard.namespaces.<name>.hostServices
{ config, lib }:
let
  inherit (lib) mkOption types;
  defaults = (import ./plan/defaults.nix).hostService;

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
          defaultText = lib.literalMD "`services.NAME.settings.server.port`, `.settings.port` or `.port`, where there is one";
          example = 8989;
          description = ''
            The port on which the service listens on this host.

            Risk: whatever listens there on this host is reached, also another program that has taken the port.
          '';
        };

        address = mkOption {
          type = types.str;
          default = defaults.address;
          example = "::1";
          description = ''
            The loopback address of this host at which the service listens. A service that listens at all addresses
            listens at 127.0.0.1, too.

            Risk: none of its own.
          '';
        };

        listenPort = mkOption {
          type = types.nullOr types.port;
          default = defaults.listenPort;
          defaultText = lib.literalMD "the same as `port`";
          example = 18989;
          description = ''
            The port in the namespace that leads to the service, at 127.0.0.1 and ::1.

            Risk: none of its own.
          '';
        };
      };
    };
in
mkOption {
  type = types.attrsOf (types.submodule service);
  default = { };
  example = lib.literalExpression ''
    {
      sonarr.port = 8989;
      radarr.port = 7878;
    }
  '';
  description = ''
    Services on this host that those in this namespace reach, by name, each at one TCP port: inside, `127.0.0.1:PORT` and
    `[::1]:PORT` lead to the same port of this host's loopback interface. There is no route and no link: a socket in the
    namespace listens, and a proxy on the host, which may talk to that loopback address alone, passes each connection on.
    It does so whether or not the tunnel is up. Other ports of the host stay out of reach.

    Each is `nsguard-host-NAMESPACE@NAME-….socket`, and a service of the same name.

    Risk: every service in the namespace may tell that service anything, and a service that talks to the world on behalf of
    its clients, such as a proxy or a resolver, is a way past the tunnel. To it every client is 127.0.0.1: one that skips
    authentication for local clients then skips it for the confined ones.
  '';
}
