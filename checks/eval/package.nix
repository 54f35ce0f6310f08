# Evaluates a package's file with any Nix: in place of nixpkgs' packages, it gets their names.
#
#   file: the package's; python: the names that it may take from a Python's packages; interpreter: the Python's program;
#   paths: a package's name -> its path (default: /NAME)
#
# -> the arguments that it gives to mkDerivation, with sources as paths and packages as names
{
  file,
  python ? [ ],
  interpreter ? "python3",
  paths ? { },
}:
let
  inherit (builtins)
    concatMap
    concatStringsSep
    fromTOML
    functionArgs
    isAttrs
    isFunction
    isList
    listToAttrs
    mapAttrs
    readFile
    ;

  each =
    names: of:
    listToAttrs (
      map (name: {
        inherit name;
        value = of name;
      }) names
    );

  package = name: {
    inherit name;
    outPath = paths.${name} or "/${name}";
    # A program of it.
    mainProgram = name;
  };

  # `finalAttrs: { … }` or the attributes themselves.
  derivation =
    given:
    let
      attributes = if isFunction given then given attributes else given;
    in
    attributes;

  builder = hasCompiler: {
    mkDerivation = given: derivation given // { inherit hasCompiler; };
  };

  lib = {
    fileset = {
      toSource = { fileset, ... }: fileset;
      unions = concatMap (part: if isList part then part else [ part ]);
      difference = whole: _: whole;
      fileFilter = _: part: part;
      maybeMissing = part: part;
    };
    getExe = package: "${package}/bin/${package.mainProgram}";
    importTOML = path: fromTOML (readFile path);
    licenses.mit = "mit";
    makeBinPath = packages: concatStringsSep ":" (map (package: "${package}/bin") packages);
    optional = condition: value: if condition then [ value ] else [ ];
    optionals = condition: values: if condition then values else [ ];
    platforms.linux = [ ];
  };

  given = {
    inherit lib;
    stdenv = builder true // {
      cc.libc.static = package "libc-static";
    };
    stdenvNoCC = builder false;
    python3 = package "python3" // {
      inherit interpreter;
      pkgs = each python package // {
        buildPythonApplication = given: derivation given // { hasCompiler = false; };
      };
    };
  };

  named = value: if isAttrs value then value.name else value;
  make = import file;
  attributes = make (mapAttrs (name: _: given.${name} or (package name)) (functionArgs make));
in
mapAttrs (_: value: if isList value then map named value else value) (
  removeAttrs attributes [
    "meta"
    "passthru"
  ]
)
// {
  src = map toString attributes.src;
}
