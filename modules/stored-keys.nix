# A key file in /etc that environment.etc puts there is in the Nix store: refused, as its path in the store is.
{ config, lib, ... }:
let
  inherit (import ./plan/problems/problem.nix) inStore messages;

  keyFiles =
    name: tunnel:
    let
      at = "nsguard.tunnels.${name}";
    in
    {
      "${at}.configFile" = tunnel.configFile;
      "${at}.privateKeyFile" = tunnel.privateKeyFile;
    }
    // lib.listToAttrs (
      lib.imap0 (
        i: peer: lib.nameValuePair "${at}.peers.${toString i}.presharedKeyFile" peer.presharedKeyFile
      ) tunnel.peers
    );

  isStored =
    file:
    file.enable && (file.text != null || builtins.isPath file.source || lib.isStorePath file.source);

  # The file of environment.etc that is at a path.
  filesAt =
    path:
    if path != null && lib.hasPrefix "/etc/" (toString path) then
      lib.filter (file: "/etc/${file.target}" == toString path) (lib.attrValues config.environment.etc)
    else
      [ ];

  problem =
    where: path:
    inStore where path
    // {
      when = lib.any isStored (filesAt path);
      what = "environment.etc keeps ${builtins.toJSON path} in the Nix store, which every user can read";
    };
in
{
  config.assertions =
    map
      (message: {
        assertion = false;
        inherit message;
      })
      (
        messages (
          lib.concatLists (
            lib.mapAttrsToList (
              name: tunnel: lib.mapAttrsToList problem (keyFiles name tunnel)
            ) config.nsguard.tunnels
          )
        )
      );
}
