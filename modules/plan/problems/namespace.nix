# What is wrong with a namespace, except for its published ports -> problems
{
  names,
  namespaces,
  tunnels,
}:
let
  inherit (builtins)
    attrNames
    filter
    match
    toJSON
    ;
  inherit (import ../combine.nix) prefixed;
  inherit (import ./problem.nix)
    malformed
    misnamed
    secretFile
    unknown
    unset
    ;

  account = "[a-zA-Z_][a-zA-Z0-9_-]{0,30}";
  isAccount = name: match account name != null;

  runProblems =
    where: name: ns:
    [
      {
        when = names.runs ns && !isAccount (names.runGroup name ns);
        where = "${where}.group";
        what =
          "${toJSON (names.runGroup name ns)} is not a group name,"
          + " which has at most 31 letters, digits, - and _";
        fix = ''set ${where}.group = "vpn";'';
      }
      {
        when = ns.group == "root" || builtins.elem "root" ns.users;
        where = "${where}.users";
        what = "root is not allowed, because commands run as ordinary users";
        fix = "name the users who run commands";
      }
    ]
    ++ map (malformed "${where}.users" account ''"alice"'') (filter (user: user != "root") ns.users);

  forwardingProblems =
    where: forwarding:
    [
      (malformed "${where}.protocol" "nat-pmp|pcp|script" ''"nat-pmp", "pcp" or "script"''
        forwarding.protocol
      )
      (malformed "${where}.gateway" "[0-9]{1,3}([.][0-9]{1,3}){3}" ''"10.2.0.1"'' forwarding.gateway)
      (malformed "${where}.client" "qbittorrent|transmission|slskd|deluge|rtorrent" ''"qbittorrent"''
        forwarding.client
      )
      (
        if forwarding.client == "rtorrent" then
          malformed "${where}.clientUrl" "scgi://[^[:space:]/]+:[1-9][0-9]{0,4}" ''"scgi://127.0.0.1:5000"''
            forwarding.clientUrl
        else
          malformed "${where}.clientUrl" "http://[^[:space:]]+" ''"http://127.0.0.1:8080"''
            forwarding.clientUrl
      )
      {
        when = forwarding.client == "deluge" && forwarding.clientCredentialsFile == null;
        where = "${where}.clientCredentialsFile";
        what = "it is not set, and Deluge's web page always asks for a password";
        fix = ''set ${where}.clientCredentialsFile = "/run/secrets/deluge"; with the password in that file'';
      }
      {
        when = forwarding.client == "rtorrent" && forwarding.clientCredentialsFile != null;
        where = "${where}.clientCredentialsFile";
        what = "rTorrent asks for no password";
        fix = "remove it";
      }
      {
        when =
          forwarding.protocol == "script" && (forwarding.gateway != null || forwarding.internalPort != null);
        where = "${where}.${if forwarding.gateway != null then "gateway" else "internalPort"}";
        what = "no gateway is asked, because a script opens the port";
        fix = "remove it";
      }
      {
        when = forwarding.credentials != { } && forwarding.onChange == null;
        where = "${where}.credentials";
        what = "only onChange reads them, and it is not set";
        fix = "remove them, or set onChange";
      }
      (secretFile "${where}.clientCredentialsFile" forwarding.clientCredentialsFile)
      {
        when =
          forwarding.protocols == [ ]
          || filter (protocol: protocol != "tcp" && protocol != "udp") forwarding.protocols != [ ];
        where = "${where}.protocols";
        what = "${toJSON forwarding.protocols} names no protocol, or another than TCP and UDP";
        fix = ''set protocols = [ "tcp" "udp" ];'';
      }
      {
        when = forwarding.onChange != null && prefixed "+!" forwarding.onChange;
        where = "${where}.onChange";
        what = "${toJSON forwarding.onChange} would run with full privileges because of its prefix";
        fix = "remove the + or !";
      }
    ]
    ++ builtins.concatMap (name: [
      {
        when = match "[a-zA-Z0-9_-]{1,64}" name == null || name == "client";
        where = "${where}.credentials";
        what = "${toJSON name} cannot be the name of a credential";
        fix = "use letters, digits, - and _, and another word than client";
      }
      (secretFile "${where}.credentials.${name}" forwarding.credentials.${name})
    ]) (attrNames forwarding.credentials);

  byTunnel = builtins.groupBy (name: namespaces.${name}.tunnel) (attrNames namespaces);
in
name:
let
  ns = namespaces.${name};
  option = name: "nsguard.namespaces.${name}";
  where = option name;
  others = filter (other: other != name) byTunnel.${ns.tunnel};
in
forwardingProblems "${where}.portForwarding" ns.portForwarding
++ import ./hosts.nix "${where}.hosts" ns.hosts
++ [ (misnamed where name) ]
++ runProblems where name ns
++ [
  (
    if ns.tunnel == "" then
      unset "${where}.tunnel" "" (
        if tunnels == { } then
          ''"mullvad"; and nsguard.tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";''
        else
          "${toJSON (builtins.head (attrNames tunnels))}; with the name of one of nsguard.tunnels"
      )
    else
      unknown "${where}.tunnel" "tunnel" "nsguard.tunnels" tunnels ns.tunnel
  )
  {
    # Reported once, for the first of those that share it.
    when = tunnels ? ${ns.tunnel} && others != [ ] && name < builtins.head others;
    where = "${where}.tunnel";
    what =
      "tunnel ${toJSON ns.tunnel} is also the tunnel of ${builtins.concatStringsSep ", " (map option others)},"
      + " and two links with the same key cut each other off";
    fix = "define a tunnel for each, or put the services into one namespace";
  }
]
