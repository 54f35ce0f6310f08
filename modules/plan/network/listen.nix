# Where a published port listens: "192.0.2.2:9091", "[2001:db8::2]:9091", or the path of a socket below /run. In place of
# a port there may be a range: "192.0.2.2:6881-6889".
let
  inherit (builtins)
    all
    elemAt
    fromJSON
    genList
    length
    match
    stringLength
    ;

  inherit (import ./addresses.nix) octet groups;
  port = "([1-9][0-9]{0,4})(-([1-9][0-9]{0,4}))?";
  ports = import ./ports.nix;

  # found: what `port` matched; special: what is special about the address
  at =
    family: address: found: special:
    let
      from = fromJSON (elemAt found 0);
      to = if elemAt found 2 == null then from else fromJSON (elemAt found 2);
    in
    if from > 65535 || to > 65535 then
      null
    else
      special
      // {
        inherit family address;
        ports = { inherit from to; };
      };

  # Of a list, what comes after its first elements.
  after = first: list: genList (i: elemAt list (first + i)) (length list - first);

  ip4 =
    found:
    at 4 (elemAt found 0) (after 5 found) {
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
      at 6 address (after 1 found) {
        any = is "0";
        loopback = is "1";
      };
in
{
  # { family = "unix"; path; } or { family = 4 or 6; address; ports = { from; to; }; any; loopback; }, null for what is malformed
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
        ports.overlap one.ports other.ports && (one.any || other.any || one.address == other.address)
    );
}
