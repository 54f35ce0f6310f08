# nsguard.namespaces.<name>.{publish,tunnelPorts}
{ lib }:
let
  inherit (lib) mkOption types;
  defaults = import ./plan/defaults.nix;
  required = import ./required.nix { inherit lib; };
  setsOnly = import ./sets-only.nix {
    inherit lib;
    instead = name: "write ${name} = { listen = [ \"127.0.0.1:…\" ]; port = …; };";
  };

  range =
    example:
    types.submodule {
      options = {
        from = required {
          type = types.port;
          example = example.from;
          description = ''
            First port of the range.

            Risk: that of the option which the range is for.
          '';
        };
        to = required {
          type = types.port;
          example = example.to;
          description = ''
            Last port of the range.

            Risk: as for {option}`from`.
          '';
        };
      };
    };

  published.options = {
    listen = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [
        "127.0.0.1:9091"
        "[::1]:9091"
        "192.0.2.2:9091"
      ];
      description = ''
        Where the host listens: addresses of the host with a port or a range of ports, or paths of sockets below
        `/run`. An address may be assigned to the host later. `0.0.0.0` and `[::]` mean all addresses of one family.

        Risk: everybody who reaches one of them reaches the service. A loopback address is open to every program and
        user of the host. A socket with a path is open to those whom {option}`group` and {option}`mode` allow, and
        never to a confined service.
      '';
    };

    from = mkOption {
      type = types.nullOr (types.listOf types.str);
      default = defaults.published.from;
      example = [
        "192.168.1.0/24"
        "fd00::/64"
      ];
      description = ''
        Networks or single addresses whose clients may connect to the addresses in {option}`listen`; by default,
        everybody who reaches them. Rules on the host drop packets from elsewhere. They come before the host's
        firewall, also cover {option}`hostLink`, and the port stays closed until they are loaded. The host itself may
        always connect. Loopback addresses and paths are not affected.

        Risk: by default, everybody who reaches an address in {option}`listen` reaches the service. A network lets in
        everybody in it, and everybody whose packets one of its routers forwards under an address of the network. The
        source of a UDP packet can be forged. If something else than a start or reload of `nftables.service` flushes
        all nftables rules, everybody is let in until the namespace's unit is reloaded.
      '';
    };

    port = required {
      type = types.either types.port (range {
        from = 27015;
        to = 27030;
      });
      example = 9091;
      description = ''
        Port on which the service listens inside the namespace, at 127.0.0.1 or at all addresses. For
        {option}`hostLink` the service must listen at all addresses.

        A range, `{ from = 27015; to = 27030; }`, keeps its numbers: {option}`listen` must name the same range, as in
        `"192.0.2.2:27015-27030"`. By proxy a range has at most 64 ports, because each port has a proxy. By
        {option}`hostLink` it has any number of ports. Its first port is 1024 or higher.

        Risk: whatever listens there inside is published, including another service of the namespace. To the service
        every client appears as 127.0.0.1, except with {option}`keepSource`. A service that skips authentication for
        local clients then skips it for everyone: turn that exception off if {option}`listen` names more than
        loopback.
      '';
    };

    protocol = mkOption {
      type = types.enum [
        "tcp"
        "udp"
      ];
      default = defaults.published.protocol;
      example = "tcp";
      description = ''
        Protocol of the port. UDP is forwarded over the namespace's {option}`hostLink`, so it cannot be published at
        loopback addresses or paths.

        Risk of `"udp"`: the same as of {option}`hostLink`. The source of a UDP packet can be forged.
      '';
    };

    keepSource = mkOption {
      type = types.bool;
      default = defaults.published.keepSource;
      example = true;
      description = ''
        Whether the service sees each client's own address. Packets then go over {option}`hostLink`, except those to
        loopback addresses and paths in {option}`listen`. Without this option every client appears as 127.0.0.1, or
        for UDP as the host's end of the link.

        A UDP service must answer from the address to which the client sent its packet, as name servers do
        (IP_PKTINFO, ip(7)), or be bound to that address. Otherwise its answers go into the tunnel.

        Risk: as for {option}`hostLink`. Forwarded packets bypass the host's input firewall, so everybody who reaches
        an address in {option}`listen` reaches the service.
      '';
    };

    openFirewall = mkOption {
      type = types.bool;
      default = defaults.published.openFirewall;
      example = true;
      description = ''
        Whether to open the ports in {option}`listen` in the host's firewall ({option}`networking.firewall`). Ports at
        loopback addresses are left out. {option}`hostLink` needs no open port.

        Risk: NixOS opens a port for all addresses of the host. Only those in {option}`listen` answer, unless another
        program of the host listens at the same port of another address.
      '';
    };

    group = mkOption {
      type = types.nullOr types.str;
      default = defaults.published.group;
      example = "users";
      description = ''
        Group of the sockets that have a path; by default, root's.

        Risk: its members can reach the service.
      '';
    };

    mode = mkOption {
      type = types.str;
      default = defaults.published.mode;
      example = "0600";
      description = ''
        Permissions of the sockets that have a path, in the notation of chmod(1).

        Risk: with `"0666"` every user of the host can connect.
      '';
    };
  };

  ports =
    protocol:
    mkOption {
      type = types.listOf (
        types.either types.port (range {
          from = 6881;
          to = 6889;
        })
      );
      default = defaults.tunnelPorts.${protocol};
      example = [
        6881
        {
          from = 6890;
          to = 6899;
        }
      ];
      description = ''
        ${lib.toUpper protocol} ports and ranges of ports of services in this namespace that are open to packets from
        the tunnel, at the tunnel's addresses. They are open while the tunnel is up, and always closed to the host and
        the uplink. The first port of a range is 1024 or higher.

        Risk: everybody whose packets the far end of the tunnel lets through reaches what listens there. With a
        provider, these may be its other customers. An answer shows them that this address runs the service.
        A range with ports above 32767 also opens ports that the kernel gives to programs that send packets.
      '';
    };
in
{
  publish = mkOption {
    type = types.attrsOf (setsOnly (types.submodule published));
    default = { };
    example = lib.literalExpression ''
      { web = { listen = [ "127.0.0.1:9091" "[::1]:9091" "192.0.2.2:9091" ]; port = 9091; }; }
    '';
    description = ''
      Ports of services in this namespace that the host and its network can reach. systemd listens on the host, and a
      confined process in the namespace forwards each connection to the service. There is no route between host and
      namespace, so this works with IPv4 and IPv6 and while the tunnel is down, and reaches that one port only. The
      process starts with the first connection and ends five minutes after the last. UDP, and services that need the
      client's address, use {option}`hostLink` instead.

      Each entry is a unit `nsguard-publish-NAMESPACE@NAME-….socket`, with a service of the same name.

      Risk: the service receives what clients send. Clients receive what the service answers, and may act on it
      outside the confinement.
    '';
  };

  tunnelPorts = {
    tcp = ports "tcp";
    udp = ports "udp";
  };
}
