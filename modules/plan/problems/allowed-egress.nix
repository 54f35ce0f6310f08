# What is wrong with the exceptions of a namespace -> problems
# taken: the addresses that the namespace has otherwise, and its resolvers
{
  where,
  exceptions,
  taken,
}:
let
  inherit (builtins) attrNames toJSON;
  inherit (import ../network/addresses.nix) special;
  inherit (import ./problem.nix) malformed misnamed unset;

  octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
  address = "(${octet}[.]){3}${octet}|[0-9a-fA-F:]*:[0-9a-fA-F:]+";
  # Multicast, link-local and other addresses that no host has (RFC 6890, RFC 4291 §2.4).
  unfit = "(0|169[.]254|22[4-9]|23[0-9]|24[0-9]|25[0-5])[.].*|::|[fF][fF].*|[fF][eE][89abAB].*";

  at = exception: "${exception.address} port ${toString exception.port}";
in
builtins.concatMap (
  name:
  let
    here = "${where}.allowedEgress.${name}";
    it = exceptions.${name};
    isWhole = exception: exception.address != null && exception.port != null;
    same = builtins.filter (
      other: other < name && isWhole exceptions.${other} && at exceptions.${other} == at it
    ) (attrNames exceptions);
  in
  [
    (misnamed here name)
    (unset "${here}.address" it.address ''"192.168.1.10"; with the address of the host to reach'')
    (unset "${here}.port" it.port "445; with the TCP port to reach")
  ]
  ++ (
    if !isWhole it then
      [ ]
    else
      [
        (malformed "${here}.address" address
          ''"192.168.1.10" or "fd00::10"; a name would be looked up through the tunnel''
          it.address
        )
        {
          when = builtins.match unfit it.address != null;
          where = "${here}.address";
          what = "${toJSON it.address} is not the address of one host";
          fix = ''write the address of the host to reach: ${here}.address = "192.168.1.10";'';
        }
        {
          when = special it.address == "a loopback address";
          where = "${here}.address";
          what = "${toJSON it.address} is this host itself";
          fix = "remove the exception and set ${where}.hostServices.${name}.port = ${toString it.port};";
        }
        {
          when = builtins.elem it.address taken;
          where = "${here}.address";
          what = "${toJSON it.address} belongs to the tunnel or its resolver, and could not be reached through the tunnel";
          fix = "remove the exception";
        }
        {
          when = same != [ ];
          where = here;
          what = "${at it} is also the target of ${where}.allowedEgress.${builtins.head same}";
          fix = "remove one of the two";
        }
      ]
  )
) (attrNames exceptions)
