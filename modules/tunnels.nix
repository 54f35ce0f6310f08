{ lib, ... }:
let
  inherit (lib) mkOption types;
  defaults = import ./plan/defaults.nix;

  # A default that is not said in the documentation would be one more fact in two places.
  option = attributes: default: mkOption (attributes // { inherit default; });

  peer = {
    options = {
      name = option {
        type = types.nullOr types.str;
        example = "se-sto-wg-001";
        description = ''
          What to call the peer in messages; by default its public key.

          Risk: none; it is kept on this machine, in the world-readable specification.
        '';
      } defaults.peer.name;

      publicKey = mkOption {
        type = types.singleLineStr;
        example = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
        description = ''
          The peer's public key, 44 characters of base64.

          Risk: whoever holds the private key that belongs to it sees all that leaves the tunnel.
        '';
      };

      presharedKeyFile = option {
        type = types.nullOr types.path;
        example = "/run/secrets/mullvad.psk";
        description = ''
          File with the key shared with this peer, read when the tunnel starts, by root.

          Risk: a path that is not in quotes would put the key into the world-readable Nix store; it is refused.
        '';
      } defaults.peer.presharedKeyFile;

      endpoint = option {
        type = types.nullOr types.str;
        example = "203.0.113.51:51820";
        description = ''
          Where the peer listens: `address:port`, `[IPv6 address]:port` or `name:port`. A name is looked up in the
          host's namespace, when the tunnel starts and again when the peer has been silent for half a minute; of
          several addresses the first with a route is taken, and the next while that one stays silent. The host lets
          the tunnel's encrypted packets go to this place alone.

          Risk of a name: the look-up goes out in clear by the host's resolver, and whoever answers it decides where
          the encrypted packets go.
        '';
      } defaults.peer.endpoint;

      allowedIPs = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [
          "0.0.0.0/0"
          "::/0"
        ];
        description = ''
          Networks that are reached by this peer, each of which becomes a route in the namespace.

          Risk: none for the confinement; what no peer has is not reached at all.
        '';
      };

      persistentKeepalive = option {
        type = types.nullOr (types.ints.between 0 65535);
        example = 25;
        description = ''
          Seconds between packets that keep a way through NAT open when there is nothing to send; off by default.

          Risk: an observer of the uplink sees a packet at that rhythm.
        '';
      } defaults.peer.persistentKeepalive;

      dynamicEndpointRefreshSeconds = option {
        type = types.ints.unsigned;
        example = 300;
        description = ''
          Seconds between look-ups of the endpoint's name while the tunnel is up. With 0 it is looked up again only when
          the peer has answered nothing for half a minute.

          Risk: each look-up goes out in clear by the host's resolver.
        '';
      } defaults.peer.dynamicEndpointRefreshSeconds;
    };
  };

  tunnel = {
    options = {
      type = option {
        type = types.enum [
          "wireguard"
          "amneziawg"
        ];
        example = "amneziawg";
        description = ''
          What the tunnel speaks. AmneziaWG is WireGuard in a disguise that the keys `Jc` to `I5` of a
          {option}`configFile` describe; such a file needs this type, and this type a file.

          Risk of AmneziaWG: the leak tests tell its packets by where they go alone, and not by their form as well, as
          they do WireGuard's.
        '';
      } defaults.tunnel.type;

      via = option {
        type = types.nullOr types.str;
        example = "entry";
        description = ''
          Name of another tunnel that this one goes through: its encrypted packets leave by that tunnel's namespace and
          not by the host's, where nobody sees its endpoint. The other tunnel gets a namespace of its own name unless
          one is defined for it. Any number of tunnels may go through each other in a row; each needs room for its own
          header, so that the MTU becomes less with every one.

          Risk: the tunnel is down when any before it is, and the far end of the one before it sees its endpoint, sizes and
          times, as the uplink would without.
        '';
      } defaults.tunnel.via;

      implementation = option {
        type = types.enum [
          "auto"
          "kernel"
          "userspace"
        ];
        example = "userspace";
        description = ''
          Whether the kernel runs the tunnel or a process does (wireguard-go, amneziawg-go); `auto` is the kernel where
          it can. The process is a service of its own that may do nothing but this. When it dies the namespace is
          closed until it is back, which is within seconds and by itself.

          Risk of a process: it is slower, and one more program that sees the packets in clear.
        '';
      } defaults.tunnel.implementation;

      configFile = option {
        type = types.nullOr types.path;
        example = "/run/secrets/mullvad.conf";
        description = ''
          The whole tunnel as a file in wg-quick's format, as providers deliver it, read when the tunnel starts, by
          root. It is parsed and never run: a file with `PreUp`, `PostUp`, `PreDown` or `PostDown` is refused, and what
          has no place in a namespace (`Table`, `SaveConfig`, `FwMark`, the settings of an app) is left out with a warning.
          {option}`mtu`, {option}`listenPort` and {option}`dns` may be set beside it and win over the file.

          Risk: a path that is not in quotes would put the keys into the world-readable Nix store; it is refused. A
          file that others than root may read gives a warning when the tunnel starts.
        '';
      } defaults.tunnel.configFile;

      ips = option {
        type = types.listOf types.str;
        example = [
          "10.66.0.2/32"
          "fd66::2/128"
        ];
        description = ''
          Addresses of this end of the tunnel. Only packets from these leave the namespace.

          Risk: none; without an IPv6 address there is no IPv6 in the namespace.
        '';
      } defaults.tunnel.ips;

      privateKeyFile = option {
        type = types.nullOr types.path;
        example = "/run/secrets/mullvad.key";
        description = ''
          File with the private key of this end, read when the tunnel starts, by root. There is no option for the
          key itself, because options end in the world-readable Nix store.

          Risk: a path that is not in quotes would put the key into that store; it is refused.
        '';
      } defaults.tunnel.privateKeyFile;

      generatePrivateKeyFile = option {
        type = types.bool;
        example = true;
        description = ''
          Whether to make the key in {option}`privateKeyFile` when the file is not there yet, readable by root alone.

          Risk: a new key is unknown to the peer, so the tunnel carries nothing until the peer is told its public half.
        '';
      } defaults.tunnel.generatePrivateKeyFile;

      listenPort = option {
        type = types.nullOr types.port;
        example = 51820;
        description = ''
          UDP port on the host for the tunnel's encrypted packets; by default the kernel chooses a free one.

          Risk: a fixed port can be told from others by an observer of the uplink. WireGuard does not answer packets
          that it cannot authenticate.
        '';
      } defaults.tunnel.listenPort;

      mtu = option {
        type = types.nullOr (types.ints.between 576 65535);
        example = 1380;
        description = ''
          Greatest size in bytes of a packet in the tunnel; by default that of the file, else 1420, which fits an uplink
          of 1500. IPv6 needs 1280.

          Risk: a packet that does not fit the uplink is sent in fragments, which some networks drop.
        '';
      } defaults.tunnel.mtu;

      fwMark = option {
        type = types.nullOr types.str;
        example = "0x51820";
        description = ''
          Mark of the tunnel's encrypted packets on the host, by which they are held to the tunnel's endpoints; by
          default a number made from the namespace's name.

          Risk: a mark that other rules of the host use changes where those send the packets, still encrypted.
        '';
      } defaults.tunnel.fwMark;

      dns = option {
        type = types.listOf types.str;
        example = [ "10.64.0.1" ];
        description = ''
          Addresses of the resolvers for the namespace, asked through the tunnel; by default those of the file. Without
          any there is no look-up of names in the namespace.

          Risk: whoever runs the resolver sees every name; one that is not your provider's sees it come from there.
        '';
      } defaults.tunnel.dns;

      dynamicEndpointRefreshSeconds = option {
        type = types.ints.unsigned;
        example = 300;
        description = ''
          Seconds between endpoint look-ups for all peers, also for those of a {option}`configFile`. A peer's own lower
          value wins.

          Risk: each look-up goes out in clear by the host's resolver.
        '';
      } defaults.tunnel.dynamicEndpointRefreshSeconds;

      peers = option {
        type = types.listOf (types.submodule peer);
        example = lib.literalExpression ''
          [
            {
              publicKey = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
              endpoint = "203.0.113.51:51820";
              allowedIPs = [ "0.0.0.0/0" "::/0" ];
            }
          ]
        '';
        description = ''
          The other ends.

          Risk: each sees what is sent to its {option}`allowedIPs`.
        '';
      } defaults.tunnel.peers;
    };
  };
in
{
  options.nsguard.tunnels = mkOption {
    type = types.attrsOf (types.submodule tunnel);
    default = { };
    example = lib.literalExpression ''{ mullvad.configFile = "/run/secrets/mullvad.conf"; }'';
    description = ''
      WireGuard tunnels, each described by a provider's file or by options named as in
      {option}`networking.wireguard.interfaces`.

      Risk: the far end of the tunnel sees everything that the namespace sends, as an uplink would without it.
    '';
  };
}
