# A file with a key or a password in /etc is in the Nix store if environment.etc puts it there, or its directory. It is
# refused, as its path in the store is.
{ config, lib, ... }:
let
  inherit (import ./plan/problems/problem.nix)
    inStore
    isPath
    messages
    refusals
    ;

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

  passwordFiles =
    name:
    { portForwarding, ... }:
    let
      at = "nsguard.namespaces.${name}.portForwarding";
    in
    {
      "${at}.clientCredentialsFile" = portForwarding.clientCredentialsFile;
    }
    // lib.mapAttrs' (
      credential: lib.nameValuePair "${at}.credentials.${credential}"
    ) portForwarding.credentials;

  # A package's file has a path below one of the store's, which lib.isStorePath does not take for one.
  isStored =
    file:
    file.enable
    && (
      file.text != null
      || builtins.isPath file.source
      || lib.hasPrefix "${builtins.storeDir}/" (toString file.source)
    );

  # The files of environment.etc that are at a path, or are a directory above it.
  filesAt =
    path:
    if isPath path && lib.hasPrefix "/etc/" (toString path) then
      lib.filter ({ target, ... }: lib.hasPrefix "/etc/${target}/" "${toString path}/") (
        lib.attrValues config.environment.etc
      )
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
  config.assertions = refusals (
    messages (
      lib.concatLists (
        map (lib.mapAttrsToList problem) (
          lib.mapAttrsToList keyFiles config.nsguard.tunnels
          ++ lib.mapAttrsToList passwordFiles config.nsguard.namespaces
        )
      )
    )
  );
}
