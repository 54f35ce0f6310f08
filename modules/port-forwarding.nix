# nsguard.namespaces.<name>.portForwarding
{ lib }:
let
  inherit (lib) mkOption types;
  defaults = (import ./plan/defaults.nix).portForwarding;
in
{
  enable = mkOption {
    type = types.bool;
    default = defaults.enable;
    example = true;
    description = ''
      Whether to ask the tunnel's far end for a port, by which the world reaches a service in this namespace, and to keep
      it. The port is opened in the namespace's rules for as long as it is ours, on the tunnel's IPv4 address alone, and
      written to `/run/nsguard/forwarded` as confined services see it (`/run/nsguard/NAME/inside/forwarded` on the host):
      `NSGUARD_PORT`, `NSGUARD_PUBLIC_PORT`, `NSGUARD_PUBLIC_ADDRESS` and `NSGUARD_PROTOCOLS`.

      Risk: whatever listens on that port inside can be reached from everywhere, and answers show that the tunnel's
      public address runs it. Host and uplink stay out of reach.
    '';
  };

  protocol = mkOption {
    type = types.enum [
      "nat-pmp"
      "pcp"
    ];
    default = defaults.protocol;
    example = "pcp";
    description = ''
      How to ask: NAT-PMP (RFC 6886), as Proton has it, or PCP (RFC 6887).

      Risk: neither authenticates the gateway; both are spoken inside the tunnel.
    '';
  };

  gateway = mkOption {
    type = types.nullOr types.str;
    default = defaults.gateway;
    example = "10.2.0.1";
    description = ''
      IPv4 address of whom to ask; by default the tunnel's first resolver, which is the same with providers that offer it.

      Risk: it decides which port of the namespace is opened, if {option}`internalPort` does not: one from 1024 on that no
      option gives to a service, and that no program inside listens on unless it was told of it before.
    '';
  };

  protocols = mkOption {
    type = types.listOf (
      types.enum [
        "tcp"
        "udp"
      ]
    );
    default = defaults.protocols;
    example = [ "tcp" ];
    description = ''
      For which protocols to ask. `NSGUARD_PORT` is the first one's.

      Risk: each is one more way in.
    '';
  };

  internalPort = mkOption {
    type = types.nullOr types.port;
    default = defaults.internalPort;
    example = 6881;
    description = ''
      Port at which the service listens and what is forwarded arrives, whatever its public number. By default it arrives
      at the public port's own number, as with Proton, where the service has to listen on what it is told.

      Risk: none; it is opened only while it is forwarded.
    '';
  };

  lifetimeSeconds = mkOption {
    type = types.ints.between 4 86400;
    default = defaults.lifetimeSeconds;
    example = 3600;
    description = ''
      For how long to ask, each time; after three quarters of what is granted it is renewed. The default is Proton's.

      Risk: after a loss the port may stay open in the namespace's rules for so long.
    '';
  };

  onChange = mkOption {
    type = types.nullOr types.str;
    default = defaults.onChange;
    example = "/run/current-system/sw/bin/announce-port";
    description = ''
      Command to run when the port changes or is lost, confined in this namespace as services are, with the variables of
      the file in its environment; without `NSGUARD_PORT` when there is no port.

      Risk: its standing is that of a confined service.
    '';
  };

  user = mkOption {
    type = types.nullOr types.str;
    default = defaults.user;
    example = "qbittorrent";
    description = ''
      User that {option}`onChange` and {option}`client` are run as; by default one made for the purpose.

      Risk: what it does, it does with that user's files.
    '';
  };

  client = mkOption {
    type = types.nullOr (
      types.enum [
        "qbittorrent"
        "transmission"
      ]
    );
    default = defaults.client;
    example = "qbittorrent";
    description = ''
      Program in this namespace that is to listen on the port, told by its own API whenever it changes.

      Risk: none beyond that of {option}`enable`.
    '';
  };

  clientUrl = mkOption {
    type = types.nullOr types.str;
    default = defaults.clientUrl;
    example = "http://127.0.0.1:8080";
    description = ''
      Where its API is, as seen from inside; by default `http://127.0.0.1:8080` for qbittorrent and
      `http://127.0.0.1:9091/transmission/rpc` for transmission.

      Risk: the password is sent there, in clear.
    '';
  };

  clientCredentialsFile = mkOption {
    type = types.nullOr types.path;
    default = defaults.clientCredentialsFile;
    example = "/run/secrets/qbittorrent";
    description = ''
      File with `user:password` for the API, where it asks for them.

      Risk: a path that is not in quotes would put it into the world-readable Nix store; it is refused.
    '';
  };
}
