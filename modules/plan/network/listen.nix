# Where a published port listens: "192.0.2.2:9091", "[2001:db8::2]:9091", or the path of a socket below /run. A range
# may replace the port: "192.0.2.2:6881-6889".
let
  inherit (builtins)
    all
    elemAt
    fromJSON
    genList
    match
    ;

  inherit (import ./addresses.nix) octet groups;
  port = "([1-9][0-9]{0,4})(-([1-9][0-9]{0,4}))?";
  ports = import ./ports.nix;

  # captures: what `port` matched; special: what is special about the address
  at =
    family: address: captures: special:
    let
      from = fromJSON (elemAt captures 0);
      to = if elemAt captures 2 == null then from else fromJSON (elemAt captures 2);
    in
    if from > 65535 || to > 65535 then
      null
    else
      special
      // {
        inherit family address;
        ports = { inherit from to; };
      };

  # A list without its first elements.
  after = first: list: genList (i: elemAt list (first + i)) (builtins.length list - first);

  ip4 =
    captures:
    at 4 (elemAt captures 0) (after 5 captures) {
      any = elemAt captures 0 == "0.0.0.0";
      loopback = elemAt captures 1 == "127";
    };

  ip6 =
    captures:
    let
      address = groups (elemAt captures 0);
      # ::ffff:192.0.2.2 is another name for an IPv4 address, at which a socket of IPv6 alone cannot listen (RFC 4291
      # §2.5.5.2, systemd.socket(5) BindIPv6Only=).
      isMapped = all (part: part == "0") (genList (elemAt address) 5) && elemAt address 5 == "ffff";
      is = last: all (part: part == "0") (genList (elemAt address) 7) && elemAt address 7 == last;
    in
    if address == null || isMapped then
      null
    else
      at 6 address (after 1 captures) {
        any = is "0";
        loopback = is "1";
      };
in
{
  # { family = "unix"; path; } or { family = 4 or 6; address; ports = { from; to; }; any; loopback; };
  # null for malformed text
  parse =
    text:
    let
      # sun_path has 108 bytes, the last of them 0 (unix(7)).
      path = match "/run(/[a-zA-Z0-9_.@-]*[a-zA-Z0-9_@-])+" text;
      captures4 = match "(${octet}\\.${octet}\\.${octet}\\.${octet}):${port}" text;
      captures6 = match "\\[([0-9a-fA-F:]+)]:${port}" text;
    in
    if path != null && builtins.stringLength text < 108 then
      {
        family = "unix";
        path = text;
      }
    else if captures4 != null then
      ip4 captures4
    else if captures6 != null then
      ip6 captures6
    else
      null;

  # Whether only one of the two can be listened on.
  overlap =
    left: right:
    left.family == right.family
    && (
      if left.family == "unix" then
        left.path == right.path
      else
        ports.overlap left.ports right.ports && (left.any || right.any || left.address == right.address)
    );
}
