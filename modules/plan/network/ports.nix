# One port, or a range of ports as { from; to; }, both ends in it.
rec {
  isRange = builtins.isAttrs;

  # A port or a range as { from; to; }.
  range =
    port:
    if isRange port then
      port
    else
      {
        from = port;
        to = port;
      };

  width = { from, to }: to - from + 1;

  # As text for nft(8): "80", "6881-6889".
  text = { from, to }: if from == to then toString from else "${toString from}-${toString to}";

  overlap = left: right: left.from <= right.to && right.from <= left.to;

  # All ports of a range.
  each =
    { from, to }:
    builtins.genList (i: from + i) (width {
      inherit from to;
    });
}
