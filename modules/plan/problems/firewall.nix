# Published ports for which `openFirewall` does nothing -> warnings, in the form of problems.
{ namespaces }:
let
  inherit (builtins) attrNames concatMap filter;
  inherit (import ../network/listen.nix) parse;

  ofPort =
    ns: name:
    let
      port = namespaces.${ns}.publish.${name};
      # What is malformed is refused elsewhere.
      outside = filter (at: at == null || at.family != "unix" && !at.loopback) (map parse port.listen);
    in
    {
      when = port.openFirewall && outside == [ ];
      where = "nsguard.namespaces.${ns}.publish.${name}.openFirewall";
      what = "it opens no port, because listen has no address that other machines reach";
      fix = "remove it, or add an address of this host to listen";
    };
in
concatMap (ns: map (ofPort ns) (attrNames namespaces.${ns}.publish)) (attrNames namespaces)
