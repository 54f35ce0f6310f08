# A warning about a WireGuard link of the host's own with the key of a tunnel: the peer answers one of the two at a time,
# and what uses the host's link is not confined. `nsguard doctor` finds such links by the keys themselves.
{ config, lib, ... }:
let
  inherit (import ./plan/problems/problem.nix) isPath messages;
  inherit (config) networking;

  # files: those with the key or with everything. peers: their public keys, which count for a file with the key alone.
  link = option: files: peers: { inherit option files peers; };

  # Each option may be missing where only some of NixOS's modules are evaluated.
  links =
    lib.mapAttrsToList (
      name: it:
      link "networking.wg-quick.interfaces.${name}" [ it.configFile it.privateKeyFile ] (
        map (peer: peer.publicKey) it.peers
      )
    ) (lib.filterAttrs (_: it: it.autostart) (networking.wg-quick.interfaces or { }))
    ++ lib.mapAttrsToList (
      name: it:
      link "networking.wireguard.interfaces.${name}" [ it.privateKeyFile ] (
        map (peer: peer.publicKey) it.peers
      )
    ) (networking.wireguard.interfaces or { })
    ++ lib.mapAttrsToList (
      name: it:
      link "systemd.network.netdevs.${name}" [ (it.wireguardConfig.PrivateKeyFile or null) ] (
        lib.catAttrs "PublicKey" it.wireguardPeers
      )
    ) (config.systemd.network.netdevs or { });

  warning = where: file: link: {
    inherit where;
    what =
      "${builtins.toJSON (toString file)} is also the file of ${link.option}, and two links with the same key cut each"
      + " other off";
    fix = "remove that link, keep it from starting by itself, or get a file with another key";
  };

  ofTunnel =
    name: tunnel:
    let
      where = "nsguard.tunnels.${name}";
      keys = map (peer: peer.publicKey) tunnel.peers;
      having = file: lib.optionals (isPath file) (lib.filter (link: lib.elem file link.files) links);
    in
    map (warning "${where}.configFile" tunnel.configFile) (having tunnel.configFile)
    ++ map (warning "${where}.privateKeyFile" tunnel.privateKeyFile) (
      lib.filter (link: lib.intersectLists keys link.peers != [ ]) (having tunnel.privateKeyFile)
    );
in
{
  config.nsguard.warnings = messages (
    lib.concatLists (lib.mapAttrsToList ofTunnel config.nsguard.tunnels)
  );
}
