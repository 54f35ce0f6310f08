# What is wrong with the `hosts` of a namespace -> problems
option: hosts:
let
  inherit (builtins) match toJSON;
  inherit (import ../network/addresses.nix) network;

  isAddress = text: match "[0-9a-fA-F:.]+" text != null && network text != null;
  isName =
    text: match "[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?" text != null && !isAddress text;
  isLoopback = address: address == "::1" || match "127[.].*" address != null;

  ofAddress =
    address:
    let
      names = hosts.${address};
      where = "${option}.${toJSON address}";
    in
    [
      {
        inherit where;
        when = !isAddress address;
        what = "this is not an IP address";
        fix = ''write the address on the left and its names on the right: "10.66.0.5" = [ "nas" ];'';
      }
      {
        inherit where;
        when = names == [ ];
        what = "the address has no name";
        fix = "add its names, or remove it";
      }
      {
        inherit where;
        when = builtins.elem "localhost" names && !isLoopback address;
        what = "localhost is the namespace's own loopback address, and programs rely on that";
        fix = "use another name";
      }
    ]
    ++ map (name: {
      inherit where;
      when = !isName name;
      what = "${toJSON name} is not a host name";
      fix = "use letters, digits, - and dots";
    }) names;
in
builtins.concatMap ofAddress (builtins.attrNames hosts)
