# The host link: which published ports go over it, and the addresses of its two ends.
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    match
    ;
  inherit (import ./listen.nix) parse;
  ports = import ./ports.nix;

  modulo = a: b: a - b * (a / b);
  power = n: if n == 0 then 1 else 2 * power (n - 1);

  quad =
    number:
    builtins.concatStringsSep "." (
      map (shift: toString (modulo (number / power shift) 256)) [
        24
        16
        8
        0
      ]
    );

  octet = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
  rangePattern = "${octet}\\.${octet}\\.${octet}\\.${octet}/([89]|[12][0-9]|3[01])";

  local = listener: listener.at.family == "unix" || listener.at.loopback;

  # Where a proxy listens if all addresses except loopback use the link.
  nearby =
    { text, at }:
    if !at.any or false then
      text
    else if at.family == 4 then
      "127.0.0.1:${ports.text at.ports}"
    else
      "[::1]:${ports.text at.ports}";

  listenersOf =
    it:
    map (text: {
      inherit text;
      at = parse text;
    }) it.listen;

  proxied =
    it:
    if it.protocol == "udp" then
      [ ]
    else if it.keepSource then
      map nearby (filter (listener: local listener || listener.at.any) (listenersOf it))
    else
      it.listen;

  # "192.0.2.2" of "192.0.2.2:6881-6889", "[::1]" of "[::1]:80"
  withoutPort = text: builtins.head (match "(.*):[0-9-]+" text);

  # A proxy leads to one port, so each port of a range has its own, named "NAME.PORT".
  ofEachPort =
    name: it:
    if ports.isRange it.port then
      map (port: {
        name = "${name}.${toString port}";
        value = it // {
          inherit name port;
          listen = map (text: "${withoutPort text}:${toString port}") it.listen;
        };
      }) (ports.each it.port)
    else
      [
        {
          inherit name;
          value = it // {
            inherit name;
          };
        }
      ];

  # For rules: { name; protocol; keepSource; from; ports; to; family; address; any; text; }
  # ports: those outside, { from; to; }; to: the port inside, null for a range, which keeps its numbers
  listener =
    publish: name:
    { text, at }:
    let
      it = publish.${name};
    in
    {
      inherit name text;
      inherit (it) protocol keepSource from;
      inherit (at) family ports any;
      # as the option has it, without the port
      address = builtins.head (match "\\[?([^]]*)]?:[0-9-]+" text);
      to = if ports.isRange it.port then null else it.port;
    };

  ofEach =
    listenersOf: publish:
    concatMap (name: map (listener publish name) (listenersOf publish.${name})) (attrNames publish);

  linked =
    it:
    if it.protocol == "udp" || it.keepSource then
      filter (listener: !local listener) (listenersOf it)
    else
      [ ];
in
{
  inherit local rangePattern withoutPort;

  # Whether a published port needs the link.
  needs = it: it.protocol == "udp" || it.keepSource;

  # Whether a proxy forwards some of its addresses.
  isProxied = it: proxied it != [ ];

  # The published ports that a proxy forwards, with the proxy's listeners; a range becomes one entry for each port.
  proxied =
    publish:
    builtins.listToAttrs (
      concatMap (
        name:
        let
          listen = proxied publish.${name};
        in
        if listen == [ ] then [ ] else ofEachPort name (publish.${name} // { inherit listen; })
      ) (attrNames publish)
    );

  # The networks whose clients reach it; an empty list for loopback and paths only; null for everybody.
  clients = it: if filter (listener: !local listener) (listenersOf it) == [ ] then [ ] else it.from;

  # The listeners that the link forwards.
  linked = ofEach linked;

  # The listeners that the host's network reaches, by proxy or by link.
  outside = ofEach (it: filter (listener: !local listener) (listenersOf it));

  # Of two neighbours in the range, by the namespace's name, the even one is the host's (RFC 3021); the same for IPv6,
  # in a network of its own (RFC 4193 §3.1).
  ends =
    name: range:
    let
      digits = builtins.hashString "sha256" "host link of ${name}";
      at = from: length: builtins.substring from length digits;
      captures = match rangePattern range;
      number = i: builtins.fromJSON (builtins.elemAt captures i);
      pairs = power (31 - number 4);
      whole = builtins.foldl' (sum: i: sum * 256 + number i) 0 (builtins.genList (i: i) 4);
      base = whole - modulo whole (2 * pairs);
      picked = modulo (fromTOML "it = 0x${at 0 7}").it pairs;
      network = "fd${at 7 2}:1${at 9 3}:1${at 12 3}:1${at 15 3}";
    in
    {
      host = {
        v4 = quad (base + 2 * picked);
        v6 = "${network}::1";
      };
      namespace = {
        v4 = quad (base + 2 * picked + 1);
        v6 = "${network}::2";
      };
    };
}
