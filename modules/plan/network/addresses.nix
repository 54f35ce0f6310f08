# IP addresses and networks, from text to numbers.
let
  inherit (builtins)
    all
    concatMap
    elemAt
    fromJSON
    genList
    length
    match
    ;
  inherit (import ../combine.nix) pieces;

  octet = "([0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])";

  # A group of hexadecimal digits without leading zeros, in a list; an empty list if it is not one.
  group =
    text:
    let
      lower = builtins.replaceStrings [ "A" "B" "C" "D" "E" "F" ] [ "a" "b" "c" "d" "e" "f" ] text;
      digits = match "0*([0-9a-f]+)" lower;
    in
    if builtins.stringLength text > 4 || digits == null then [ ] else digits;

  # The eight groups of an IPv6 address in one canonical form (RFC 4291 §2.2); null if it is not one.
  groups =
    text:
    let
      halves = match "(.*)::(.*)" text;
      written = part: if part == "" then [ ] else pieces ":" part;
      left = written (if halves == null then text else elemAt halves 0);
      right = if halves == null then [ ] else written (elemAt halves 1);
      missing = 8 - length left - length right;
      zeros = if missing < 1 then [ ] else genList (_: "0") missing;
      made = concatMap group left ++ zeros ++ concatMap group right;
    in
    if length made == 8 && (if halves == null then missing == 0 else missing > 0) then made else null;

  hex = digits: (fromTOML "it = 0x${digits}").it;
  power = n: if n == 0 then 1 else 2 * power (n - 1);

  # "10.66.0.2" or "fd66::2" -> its bytes or its groups as numbers; null if it is not an address
  numbers =
    text:
    let
      four = match "${octet}[.]${octet}[.]${octet}[.]${octet}" text;
      # The last two groups may be written as an IPv4 address.
      mixed = match "(.*:)${octet}[.]${octet}[.]${octet}[.]${octet}" text;
      pair = i: toHex (256 * fromJSON (elemAt mixed i) + fromJSON (elemAt mixed (i + 1)));
      six = groups (if mixed == null then text else "${elemAt mixed 0}${pair 1}:${pair 3}");
    in
    if four != null then
      map fromJSON four
    else if six != null then
      map hex six
    else
      null;

  toHex =
    number:
    builtins.concatStringsSep "" (
      map
        (weight: builtins.substring (number / weight - number / (16 * weight) * 16) 1 "0123456789abcdef")
        [
          4096
          256
          16
          1
        ]
    );

  # "10.66.0.0/24", "::/0" or a single address -> { parts; bits; } with the bits beyond the prefix cleared; null for
  # others
  network =
    text:
    let
      captures = match "([^/]*)(/([0-9]{1,3}))?" text;
      parts = if captures == null then null else numbers (elemAt captures 0);
      width = if length parts == 4 then 8 else 16;
      whole = width * length parts;
      given = elemAt captures 2;
      bits = if given == null then whole else fromJSON given;
    in
    if parts == null || bits > whole then
      null
    else
      {
        inherit bits;
        parts = cleared width bits parts;
      };

  # The parts of an address with the bits beyond the first `bits` cleared.
  cleared =
    width: bits: parts:
    genList (
      i:
      let
        kept = bits - width * i;
        beyond = power (width - kept);
        part = elemAt parts i;
      in
      if kept >= width then
        part
      else if kept <= 0 then
        0
      else
        part / beyond * beyond
    ) (length parts);
in
{
  inherit octet groups network;

  # Whether a network or a single address has no bits set beyond its prefix; true for malformed text.
  isFirst =
    text:
    let
      it = network text;
    in
    it == null || it.parts == numbers (elemAt (match "([^/]*).*" text) 0);

  # Whether an address is in a network, both as text; true if either is malformed, which another check reports.
  covers =
    range: address:
    let
      it = network range;
      at = network address;
      width = if length at.parts == 4 then 8 else 16;
    in
    it == null
    || at == null
    || length it.parts == length at.parts && cleared width it.bits at.parts == it.parts;

  # The kind of an address that no single other host has, as in the runtime (spec/values.py); "" for other addresses.
  special =
    text:
    let
      ofFour =
        it:
        let
          first = elemAt it 0;
        in
        if first == 127 then
          "a loopback address"
        else if first >= 224 && first < 240 then
          "a multicast address"
        else if first == 0 then
          "an unspecified address"
        else if all (part: part == 255) it then
          "the broadcast address"
        else
          "";
      low = elemAt it 7;
      high = elemAt it 6;
      it = numbers text;
      zero = count: all (i: elemAt it i == 0) (genList (i: i) count);
      byte = group: i: if i == 0 then group / 256 else group - group / 256 * 256;
    in
    if it == null then
      ""
    else if length it == 4 then
      ofFour it
    else if zero 5 && elemAt it 5 == 65535 then
      ofFour [
        (byte high 0)
        (byte high 1)
        (byte low 0)
        (byte low 1)
      ]
    else if zero 7 && low == 0 then
      "an unspecified address"
    else if zero 7 && low == 1 then
      "a loopback address"
    else if elemAt it 0 / 256 == 255 then
      "a multicast address"
    else
      "";
}
