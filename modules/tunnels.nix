{ lib, ... }:
let
  inherit (lib) mkOption types;
  defaults = import ./plan/defaults.nix;
  required = import ./required.nix { inherit lib; };
  secretFile = import ./secret-file.nix { inherit lib; };

  # An option whose default is the plan's, so that it is written once.
  option = attributes: default: mkOption (attributes // { inherit default; });

  # networking.wireguard has such an option for a key itself. Without one here, NixOS's message would show the key.
  key = mkOption {
    type = types.nullOr secretFile;
    default = null;
    visible = false;
    description = "Refused: the key would be in the Nix store.";
  };

  peer = {
    options = {
      presharedKey = key;

      name = option {
        type = types.nullOr types.str;
        example = "se-sto-wg-001";
        description = ''
          The peer's name in the output of {command}`nsguard status`.

          Risk: none for the confinement. Every user of this machine can read the name.
        '';
      } defaults.peer.name;

      publicKey = required {
        type = types.singleLineStr;
        example = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=";
        description = ''
          Public key of the peer, 44 characters of base64.

          Risk: whoever holds the matching private key sees everything that leaves the tunnel.
        '';
      };

      presharedKeyFile = option {
        type = types.nullOr secretFile;
        example = "/run/secrets/mullvad.psk";
        description = ''
          File with the key that is shared with this peer. root reads it when the tunnel starts.

          Risk: an unquoted path would copy the key to the world-readable Nix store, so it is refused.
        '';
      } defaults.peer.presharedKeyFile;

      endpoint = option {
        type = types.nullOr types.str;
        example = "203.0.113.51:51820";
        description = ''
          Where the peer listens: `address:port`, `[IPv6 address]:port` or `name:port`. The host looks up a name when
          the tunnel starts, and again when the peer has been silent for half a minute. Of several addresses, the
          first that has a route is used, and the next if that one stays silent. The host lets the tunnel's encrypted
          packets go to this endpoint only.

          Risk of a name: the look-up goes out in clear text by the host's resolver. Whoever answers it decides where
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
          Networks that are reached through this peer. Each becomes a route in the namespace.

          Risk: none for the confinement. A network that no peer has is not reached at all.
        '';
      };

      persistentKeepalive = option {
        type = types.nullOr (types.ints.between 0 65535);
        example = 25;
        description = ''
          Seconds between packets that keep a NAT mapping open while there is nothing to send; off by default.

          Risk: an observer of the uplink sees a packet at this interval.
        '';
      } defaults.peer.persistentKeepalive;

      dynamicEndpointRefreshSeconds = option {
        type = types.ints.unsigned;
        example = 300;
        description = ''
          Seconds between look-ups of the endpoint's name while the tunnel is up. With 0, the name is looked up again
          only after the peer has been silent for half a minute.

          Risk: each look-up goes out in clear text by the host's resolver.
        '';
      } defaults.peer.dynamicEndpointRefreshSeconds;
    };
  };

  tunnel = {
    options = {
      privateKey = key;

      type = option {
        type = types.enum [
          "wireguard"
          "amneziawg"
        ];
        example = "amneziawg";
        description = ''
          Protocol of the tunnel. AmneziaWG disguises WireGuard's packets as the keys `Jc` to `I5` of a
          {option}`configFile` describe. Such a file requires this type, and this type requires a file.

          Risk of AmneziaWG: leak tests recognise its packets by their destination only. They recognise WireGuard's by
          their format as well.
        '';
      } defaults.tunnel.type;

      via = option {
        type = types.nullOr types.str;
        example = "entry";
        description = ''
          Name of another tunnel through which this one goes. Its encrypted packets leave by that tunnel's namespace
          instead of the host's, so nobody on the uplink sees its endpoint. The other tunnel gets a namespace of the
          same name unless one is defined for it. Any number of tunnels can form a chain. Each adds a header, so the
          MTU becomes smaller with each.

          Risk: the tunnel is down while any tunnel before it is down. The far end of the tunnel before it sees its
          endpoint and the sizes and times of its packets, as the uplink would otherwise.
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
          Whether the kernel or a process (wireguard-go, amneziawg-go) runs the tunnel. `auto` uses the kernel where
          it can. The process is a service of its own that may do nothing else. If it dies, the namespace is closed
          until systemd has started it again, within seconds.

          Risk of a process: it is slower, and one more program that sees the packets in clear text.
        '';
      } defaults.tunnel.implementation;

      configFile = option {
        type = types.nullOr secretFile;
        example = "/run/secrets/mullvad.conf";
        description = ''
          The whole tunnel as a file in wg-quick's format, as providers deliver it. root reads it when the tunnel
          starts. The file is parsed and never executed: a file with `PreUp`, `PostUp`, `PreDown` or `PostDown` is
          refused. What has no meaning in a namespace (`Table`, `SaveConfig`, `FwMark`, settings of an app) is ignored
          with a warning. {option}`mtu`, {option}`listenPort` and {option}`dns` override the file.

          Risk: an unquoted path would copy the keys to the world-readable Nix store, so it is refused. A file that
          others than root can read causes a warning when the tunnel starts.
        '';
      } defaults.tunnel.configFile;

      ips = option {
        type = types.listOf types.str;
        example = [
          "10.66.0.2/32"
          "fd66::2/128"
        ];
        description = ''
          Addresses of this end of the tunnel. Only packets from these addresses leave the namespace.

          Risk: none. Without an IPv6 address, the namespace has no IPv6.
        '';
      } defaults.tunnel.ips;

      privateKeyFile = option {
        type = types.nullOr secretFile;
        example = "/run/secrets/mullvad.key";
        description = ''
          File with the private key of this end. root reads it when the tunnel starts. There is no option for the key
          itself, because the values of options end in the world-readable Nix store.

          Risk: an unquoted path would copy the key to that store, so it is refused.
        '';
      } defaults.tunnel.privateKeyFile;

      generatePrivateKeyFile = option {
        type = types.bool;
        example = true;
        description = ''
          Whether to generate the key in {option}`privateKeyFile` if the file does not exist. Only root can read the
          new file.

          Risk: the peer does not know a new key. The tunnel carries nothing until you give the peer the public key.
        '';
      } defaults.tunnel.generatePrivateKeyFile;

      listenPort = option {
        type = types.nullOr types.port;
        example = 51820;
        description = ''
          UDP port of the host for the tunnel's encrypted packets; by default, the kernel chooses a free one.

          Risk: an observer of the uplink can recognise a fixed port. WireGuard does not answer packets that it cannot
          authenticate.
        '';
      } defaults.tunnel.listenPort;

      mtu = option {
        type = types.nullOr (types.ints.between 576 65535);
        example = 1380;
        description = ''
          Largest packet in the tunnel, in bytes; by default, the file's value or else 1420, which fits an uplink of
          1500. IPv6 needs 1280.

          Risk: packets that do not fit the uplink are sent in fragments, which some networks drop.
        '';
      } defaults.tunnel.mtu;

      fwMark = option {
        type = types.nullOr types.str;
        example = "0x51820";
        description = ''
          Firewall mark of the tunnel's encrypted packets on the host. Packets with this mark may go to the tunnel's
          endpoints only. The default is a number from 0x6e700000 to 0x6e7fffff, derived from the namespace's name. While
          a tunnel is up, other packets of the host with a mark of this range are dropped. Write hexadecimal digits in
          lower case, without leading zeros.

          Risk: if other rules on the host use the same mark, they change where these packets go. The packets stay
          encrypted.
        '';
      } defaults.tunnel.fwMark;

      dns = option {
        type = types.listOf types.str;
        example = [ "10.64.0.1" ];
        description = ''
          Addresses of the namespace's resolvers, which are asked through the tunnel; by default, those of the file.
          Without a resolver, no names are resolved in the namespace.

          Risk: whoever runs the resolver sees every name. A resolver that is not your provider's sees the queries
          come from your provider.
        '';
      } defaults.tunnel.dns;

      dynamicEndpointRefreshSeconds = option {
        type = types.ints.unsigned;
        example = 300;
        description = ''
          Seconds between endpoint look-ups for all peers, including those of a {option}`configFile`. A peer's own
          lower value wins.

          Risk: each look-up goes out in clear text by the host's resolver.
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
          Peers of the tunnel.

          Risk: each sees what is sent to its {option}`allowedIPs`.
        '';
      } defaults.tunnel.peers;
    };
  };

  setsOnly = import ./sets-only.nix {
    inherit lib;
    instead = name: "for a provider's file, write ${name}.configFile = \"/run/secrets/…\";";
  };
in
{
  options.nsguard.tunnels = mkOption {
    type = types.attrsOf (setsOnly (types.submodule tunnel));
    default = { };
    example = lib.literalExpression ''{ mullvad.configFile = "/run/secrets/mullvad.conf"; }'';
    description = ''
      WireGuard tunnels. Each is described by a provider's file, or by options named as in
      {option}`networking.wireguard.interfaces`.

      Risk: the far end of the tunnel sees everything that the namespace sends, as the uplink would without a tunnel.
    '';
  };
}
