# nsguard.namespaces.<name>.{publish,tunnelPorts}
{ lib }:
let
  inherit (lib) mkOption types;
  defaults = import ./plan/defaults.nix;

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
        Where the host listens: addresses of its own with a port, or paths of sockets below `/run`. An address need not
        be there yet. `0.0.0.0` and `[::]` stand for all of one family.

        Risk: whoever reaches one of them reaches the service. Loopback lets in every program and user of the host, a
        socket with a path only those that {option}`group` and {option}`mode` say, and never a service that is confined.
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
        The networks, or single addresses, whose clients are let in at the addresses in {option}`listen`; by default everybody
        who reaches them. Packets from elsewhere are dropped, by rules of the host that stand before its firewall and hold for
        {option}`hostLink` as well. The host itself is always let in, and loopback addresses and paths are not concerned.
        The port is closed while these rules are not in place.

        Risk: of the default, everybody who reaches an address in {option}`listen` reaches the service. Of a network,
        everybody in it, and everybody whose packets a router of it sends on under its own address. A datagram may
        have another's address (UDP). Where a program empties all tables of nftables without {command}`systemctl`, everybody is
        let in until the namespace's unit is reloaded.
      '';
    };

    port = mkOption {
      type = types.port;
      example = 9091;
      description = ''
        Port on which the service listens inside, at 127.0.0.1 or at all addresses; at all for what goes over
        {option}`hostLink`.

        Risk: whatever listens there inside is published, also another service of the namespace. To it every client seems to
        be 127.0.0.1, but for {option}`keepSource`. A service that skips authentication for local clients
        then skips it for everyone: turn that exception off where {option}`listen` names more than loopback.
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
        What is passed on. UDP goes over the namespace's {option}`hostLink`, and not by loopback addresses or paths.

        Risk: of `"udp"`, that of the link; and anybody can send a packet in another's name.
      '';
    };

    keepSource = mkOption {
      type = types.bool;
      default = defaults.published.keepSource;
      example = true;
      description = ''
        Whether the service sees who connects, by the client's own address. Packets go over {option}`hostLink` then,
        but for those in {option}`listen` that are loopback addresses or paths. Without it every client seems to be
        127.0.0.1, or of UDP the host's end of the link.

        A service that answers UDP must do so from the address that it was asked at, as name servers do (IP_PKTINFO,
        ip(7)), or be bound to it; otherwise its answers go into the tunnel.

        Risk: as for {option}`hostLink`. Forwarded packets bypass the host's input firewall, so everybody who reaches an
        address in {option}`listen` reaches the service.
      '';
    };

    openFirewall = mkOption {
      type = types.bool;
      default = defaults.published.openFirewall;
      example = true;
      description = ''
        Whether to let the ports in `listen` in through the host's firewall ({option}`networking.firewall`), those at
        other addresses than loopback. What goes over {option}`hostLink` needs no port opened.

        Risk: NixOS opens a port at all addresses of the host. Only those in `listen` have somebody who answers, unless
        another program of the host listens at the same port of another address.
      '';
    };

    group = mkOption {
      type = types.nullOr types.str;
      default = defaults.published.group;
      example = "users";
      description = ''
        The group of sockets that have a path; by default root's.

        Risk: its members reach the service.
      '';
    };

    mode = mkOption {
      type = types.str;
      default = defaults.published.mode;
      example = "0600";
      description = ''
        Who may connect to sockets that have a path, as chmod(1) has it.

        Risk: with `"0666"` every user of the host may.
      '';
    };
  };

  ports =
    protocol:
    mkOption {
      type = types.listOf types.port;
      default = defaults.tunnelPorts.${protocol};
      example = [ 6881 ];
      description = ''
        ${lib.toUpper protocol} ports of services in this namespace that are open to what comes in by the tunnel, at its
        addresses. They stay closed to host and uplink, and are open while the tunnel is up.

        Risk: everybody whom the tunnel's far end lets through reaches what listens there, other customers of a provider
        among them, and an answer tells them that this address runs it.
      '';
    };
in
{
  publish = mkOption {
    type = types.attrsOf (types.submodule published);
    default = { };
    example = lib.literalExpression ''
      { web = { listen = [ "127.0.0.1:9091" "[::1]:9091" "192.0.2.2:9091" ]; port = 9091; }; }
    '';
    description = ''
      Ports of services in this namespace that the host and its network reach: a socket of the host's, and a confined
      process in the namespace that passes on what comes over it. There is no route between the two, so that it works over both families and with the
      tunnel down, and leads to that one port and nowhere else. The process starts with the first connection and ends five
      minutes after the last. UDP, and what is to see who connects, goes over {option}`hostLink` instead.

      Each is `nsguard-publish-NAMESPACE@NAME-….socket`, and a service of the same name.

      Risk: what a client sends, the service gets; what the service answers, the client gets, and may act on outside.
    '';
  };

  tunnelPorts = {
    tcp = ports "tcp";
    udp = ports "udp";
  };
}
