# A table of nftables from data to text (nft(8)).
# A rule that guards something has a name, so that a test can take it away and see what it was for;
# `otherwise` is what stands in its place then.
{ without }:
let
  inherit (builtins)
    concatMap
    concatStringsSep
    elem
    filter
    isList
    listToAttrs
    ;

  removed = name: elem "nft:${name}" without;

  text = rule: if rule ? name && removed rule.name then rule.otherwise or [ ] else rule.text;
in
{
  chain =
    {
      name,
      hook,
      rules,
      policy ? "accept",
      besides ? [ ],
    }:
    [
      "  chain ${name} {"
      "    ${hook} policy ${if removed "${name}-policy" then "accept" else policy};"
    ]
    ++ map (line: "    ${line}") (concatMap text rules)
    ++ [ "  }" ];

  # Replacing a table is the runtime's part: deleting the old one costs time where there is none.
  table =
    name: lines:
    concatStringsSep "\n" (
      [ "table inet ${name} {" ]
      ++ concatMap (line: if isList line then line else [ "  ${line}" ]) lines
      ++ [ "}" ]
    )
    + "\n";

  # What chains guard: name -> record. A policy that drops is one by itself.
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
    listToAttrs (
      map (part: {
        inherit (part) name;
        value = part;
      }) (named ++ closed)
    );
}
