# Protections are records with a name, so that tests can list them, take one away, and see what it is for:
#   guards   what it keeps shut; a record without it is no protection
#   besides  other protections that keep the same shut, so that it takes all of them away to see a leak
#   ownKernel  whether it is missed only on a machine with a kernel of its own; in a container, the kernel is another's
# Their full names are KIND:NAME, and KIND:NAME:PART for what can be taken from a list.
{ without }:
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    filter
    listToAttrs
    ;

  full = kind: name: "${kind}:${name}";
in
{
  # The records of one kind that are not taken away.
  kept =
    kind: records:
    removeAttrs records (filter (name: elem (full kind name) without) (attrNames records));

  # full name -> { guards; besides; ownKernel; }
  listed =
    kind: records:
    let
      entry = name: record: {
        inherit name;
        value = {
          inherit (record) guards;
          besides = record.besides or [ ];
          ownKernel = record.ownKernel or false;
        };
      };
      entries =
        name:
        let
          parts = records.${name}.parts or { };
        in
        [ (entry (full kind name) records.${name}) ]
        ++ map (part: entry (full (full kind name) part) parts.${part}) (attrNames parts);
    in
    listToAttrs (concatMap entries (filter (name: records.${name} ? guards) (attrNames records)));
}
