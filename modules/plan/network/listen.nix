# Where a published port listens: "192.0.2.2:9091", "[2001:db8::2]:9091", or the path of a socket below /run.
let
  inherit (builtins)
    all
    elemAt
    fromJSON
    genList
    match
    stringLength
    ;

  inherit (import ./addresses.nix) octet groups;
  port = "([1-9][0-9]{0,4})";

  at =
    family: address: port: special:
    if fromJSON port > 65535 then
      null
    else
      special
      // {
        inherit family address;
        port = fromJSON port;
      };

  ip4 =
    found:
    at 4 (elemAt found 0) (elemAt found 5) {
      any = elemAt found 0 == "0.0.0.0";
      loopback = elemAt found 1 == "127";
    };

  ip6 =
    found:
    let
      address = groups (elemAt found 0);
      is = last: all (part: part == "0") (genList (elemAt address) 7) && elemAt address 7 == last;
    in
    if address == null then
      null
    else
      at 6 address (elemAt found 1) {
        any = is "0";
        loopback = is "1";
      };
in
{
  # { family = "unix"; path; } or { family = 4 or 6; address; port; any; loopback; }, null for what is malformed
  parse =
    text:
    let
      # sun_path has 108 bytes, the last of them 0 (unix(7)).
      path = match "/run(/[a-zA-Z0-9_.@-]*[a-zA-Z0-9_@-])+" text;
      found4 = match "(${octet}\\.${octet}\\.${octet}\\.${octet}):${port}" text;
      found6 = match "\\[([0-9a-fA-F:]+)]:${port}" text;
    in
    if path != null && stringLength text < 108 then
      {
        family = "unix";
        path = text;
      }
    else if found4 != null then
      ip4 found4
    else if found6 != null then
      ip6 found6
    else
      null;

  # Whether the kernel lets but one of two be listened on.
  overlap =
    one: other:
    one.family == other.family
    && (
      if one.family == "unix" then
        one.path == other.path
      else
        one.port == other.port && (one.any || other.any || one.address == other.address)
    );
}
