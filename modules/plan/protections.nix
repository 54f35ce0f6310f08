# Protections are records with a name, so that tests can list them, remove one, and see what it guards:
#   guards     what it guards against, or what it hides; a record without this is not a protection
#   besides    other protections that guard the same: a leak shows only when all of them are removed
#   ownKernel  whether a leak shows only on a machine with its own kernel, which a container does not have
# Their full names are KIND:NAME, and KIND:NAME:PART for one element of a list.
{ without }:
let
  inherit (builtins) attrNames filter;

  full = kind: name: "${kind}:${name}";
in
{
  # The records of one kind that are not removed.
  kept =
    kind: records:
    removeAttrs records (filter (name: builtins.elem (full kind name) without) (attrNames records));

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
    builtins.listToAttrs (
      builtins.concatMap entries (filter (name: records.${name} ? guards) (attrNames records))
    );
}
