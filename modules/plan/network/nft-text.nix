# A table of nftables from data to text (nft(8)).
# A rule that guards something has a name, so that a test can remove it and see what it guards;
# `otherwise` then replaces it.
{ without }:
let
  inherit (builtins) concatMap filter;

  removed = name: builtins.elem "nft:${name}" without;

  text = rule: if rule ? name && removed rule.name then rule.otherwise or [ ] else rule.text;
in
{
  chain =
    {
      name,
      # null for a chain to which rules lead
      hook ? null,
      rules,
      policy ? "accept",
      ...
    }:
    [ "  chain ${name} {" ]
    ++ (
      if hook == null then
        [ ]
      else
        [ "    ${hook} policy ${if removed "${name}-policy" then "accept" else policy};" ]
    )
    ++ map (line: "    ${line}") (concatMap text rules)
    ++ [ "  }" ];

  # The runtime replaces tables, because deleting an old table costs time even if there is none.
  table =
    name: lines:
    builtins.concatStringsSep "\n" (
      [ "table inet ${name} {" ]
      ++ concatMap (line: if builtins.isList line then line else [ "  ${line}" ]) lines
      ++ [ "}" ]
    )
    + "\n";

  # What chains guard: name -> record. A policy of drop is a guard of its own.
  guards =
    chains:
    let
      named = filter (part: part ? guards) (concatMap (c: c.rules) chains);
      closed = map (c: {
        name = "${c.name}-policy";
        guards = "what no rule of the chain ${c.name} speaks of";
        besides = c.besides or [ ];
      }) (filter (c: c.policy or "accept" == "drop") chains);
    in
    builtins.listToAttrs (
      map (part: {
        inherit (part) name;
        value = part;
      }) (named ++ closed)
    );
}
