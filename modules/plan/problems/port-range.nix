# What is wrong with a range of ports, { from; to; } -> problems
let
  inherit (import ./problem.nix) isPort;
  inherit (import ../network/ports.nix) text;

  isRange =
    range:
    builtins.attrNames range == [
      "from"
      "to"
    ]
    && isPort range.from
    && isPort range.to;
in
rec {
  isMalformed = range: !isRange range || range.to < range.from;

  of = where: range: [
    {
      when = !isRange range;
      inherit where;
      what = "${builtins.toJSON range} is not a range of ports";
      fix = "write it like { from = 6881; to = 6889; }";
    }
    {
      when = isRange range && range.to < range.from;
      inherit where;
      what = "the range ${text range} ends before it begins";
      fix = "swap from and to";
    }
    {
      when = !isMalformed range && range.from < 1024;
      inherit where;
      what = "the range ${text range} has ports below 1024, where well-known services listen";
      fix = "name those ports one by one";
    }
  ];
}
