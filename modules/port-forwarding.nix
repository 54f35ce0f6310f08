# nsguard.namespaces.<name>.portForwarding
{ lib }:
let
  inherit (lib) mkOption types;
  defaults = (import ./plan/defaults.nix).portForwarding;
  secretFile = import ./secret-file.nix { inherit lib; };
in
{
  enable = mkOption {
    type = types.bool;
    default = defaults.enable;
    example = true;
    description = ''
      Whether to ask the tunnel's far end to forward a port to a service in this namespace, and to keep renewing it.
      As long as it is forwarded, the port is open in the namespace's firewall, on the tunnel's IPv4 address only. A
      file names it by `NSGUARD_PORT`, `NSGUARD_PUBLIC_PORT`, `NSGUARD_PUBLIC_ADDRESS` and `NSGUARD_PROTOCOLS`:
      `/run/nsguard/forwarded` for confined services, `/run/nsguard/NAME/inside/forwarded` on the host.

      Risk: everybody on the Internet reaches what listens on that port inside, and answers show that the tunnel's
      public address runs it. Host and uplink stay out of reach.
    '';
  };

  protocol = mkOption {
    type = types.enum [
      "nat-pmp"
      "pcp"
      "script"
    ];
    default = defaults.protocol;
    example = "pcp";
    description = ''
      Protocol of the request: NAT-PMP (RFC 6886), which Proton uses, or PCP (RFC 6887).

      With `"script"` nsguard requests no port. A script of yours, which runs as root on the host, gets one in the
      provider's own way and opens it with {command}`nsguard forward open NAME PORT`. The port closes with
      {command}`nsguard forward shut NAME`, and when the tunnel goes down.

      Risk: neither authenticates the gateway. Both are spoken inside the tunnel only.
    '';
  };

  gateway = mkOption {
    type = types.nullOr types.str;
    default = defaults.gateway;
    example = "10.2.0.1";
    description = ''
      IPv4 address of the gateway to ask; by default, the tunnel's first resolver, which is the gateway of the
      providers that offer forwarding.

      Risk: the gateway chooses the port of the namespace that is opened, unless {option}`internalPort` is set. It can
      only choose a port from 1024 on that no option assigns to a service, and on which no program listens, except one
      that was given this port before.
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
      Protocols for which to request a port. `NSGUARD_PORT` is the port of the first.

      Risk: each is one more way in.
    '';
  };

  internalPort = mkOption {
    type = types.nullOr types.port;
    default = defaults.internalPort;
    example = 6881;
    description = ''
      Port on which the service listens and at which forwarded packets arrive, whatever the public port is. By default
      it is the same as the public port, as with Proton: the service then has to listen on the port that it is told.

      Risk: none of its own. The port is open only while it is forwarded.
    '';
  };

  lifetimeSeconds = mkOption {
    type = types.ints.between 4 86400;
    default = defaults.lifetimeSeconds;
    example = 3600;
    description = ''
      Lifetime to request, in seconds. After three quarters of the lifetime that the gateway grants, nsguard renews
      the request. The default is Proton's.

      Risk: after the forwarding is lost, the port may stay open in the namespace's firewall for this long.
    '';
  };

  onChange = mkOption {
    type = types.nullOr types.str;
    default = defaults.onChange;
    example = "/run/current-system/sw/bin/announce-port";
    description = ''
      Command to run when the port changes or is lost, and again when the program that listened on it no longer does,
      for instance because it was restarted. It is confined to this namespace like a service. Its
      environment contains `NSGUARD_PORT`, `NSGUARD_PUBLIC_PORT`, `NSGUARD_PUBLIC_ADDRESS` and `NSGUARD_PROTOCOLS`.
      While there is no port, `NSGUARD_PORT` is not set. Its `PATH` leads to the programs in
      {option}`environment.systemPackages`; secrets come from {option}`credentials`.

      Risk: the command can do what a confined service can do.
    '';
  };

  credentials = mkOption {
    type = types.attrsOf secretFile;
    default = defaults.credentials;
    example = {
      api-token = "/run/secrets/api-token";
    };
    description = ''
      Files with secrets for {option}`onChange`, by name. The command reads each at `$CREDENTIALS_DIRECTORY/NAME`,
      whichever user runs it. systemd copies it there (`LoadCredential`, systemd.exec(5)), so only root need be able to
      read the file itself.

      Risk: the command can send a secret to everybody whom the tunnel reaches. A path without quotes would be copied to
      the world-readable Nix store; it is refused.
    '';
  };

  user = mkOption {
    type = types.nullOr types.str;
    default = defaults.user;
    example = "qbittorrent";
    description = ''
      User that runs {option}`onChange` and {option}`client`; by default, a user made for this purpose.

      Risk: the command has that user's rights to files.
    '';
  };

  client = mkOption {
    type = types.nullOr (
      types.enum [
        "qbittorrent"
        "transmission"
        "slskd"
        "deluge"
        "rtorrent"
      ]
    );
    default = defaults.client;
    example = "qbittorrent";
    description = ''
      Program in this namespace that shall listen on the forwarded port. Whenever the port changes, nsguard sets it
      through the program's own API: Deluge by its web page, rTorrent by SCGI, from version 0.16.18 on. slskd must have
      `remote_configuration: true`.

      Risk: none beyond that of {option}`enable`. rTorrent's API asks for no password: every program in the namespace
      can run commands through it.
    '';
  };

  clientUrl = mkOption {
    type = types.nullOr types.str;
    default = defaults.clientUrl;
    example = "http://127.0.0.1:8080";
    description = ''
      Address of the client's API, as seen from inside the namespace; by default `http://127.0.0.1:8080` for
      qbittorrent, `http://127.0.0.1:9091/transmission/rpc` for transmission, `http://127.0.0.1:5030` for slskd,
      `http://127.0.0.1:8112` for deluge and `scgi://127.0.0.1:5000` for rtorrent.

      Risk: the password is sent there in clear text.
    '';
  };

  clientCredentialsFile = mkOption {
    type = types.nullOr secretFile;
    default = defaults.clientCredentialsFile;
    example = "/run/secrets/qbittorrent";
    description = ''
      File with `user:password` for the client's API, if that asks for them; for slskd with an API key of the role
      administrator, and for Deluge with the password of its web page.

      Risk: an unquoted path would copy the password to the world-readable Nix store, so it is refused.
    '';
  };
}
