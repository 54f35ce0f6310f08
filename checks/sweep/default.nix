# Evaluates every service of nixpkgs' modules, confined, with stand-ins for packages.
#
#   import ./. { lib; nixos; names; attributes; common; }
#   -> { paths; say = [ { path; fillings; more; } ] -> … }
#
# `say` traces a line for each: { services; problems; holes; warnings; crashed; }
#
# A path leads from `services` to a set of options. Options that the module requires get a value by their type.
arguments:
let
  inherit (arguments) lib nixos;
  common = arguments.common or [ ];
  inherit (lib)
    attrByPath
    concatMap
    elem
    filter
    filterAttrs
    isOption
    mapAttrs
    setAttrByPath
    types
    ;
  inherit (import ../eval/nixos.nix (removeAttrs arguments [ "common" ]))
    evaluateSome
    evaluateWhole
    pkgs
    ;

  # The modules of NixOS to evaluate; needs: entries of its list beside those that all need, or null for the whole list.
  only =
    needs:
    if needs == null then
      { }
    else
      { baseModules = map (entry: nixos + "/modules/${entry}") (common ++ needs); };
  # A disabled module may define options of a module that is left out.
  unchecked = needs: lib.optionalAttrs (needs != null) { _module.check = false; };

  filesOf =
    options:
    if isOption options then
      map toString (options.declarations or [ ])
    else
      concatMap filesOf (lib.attrValues options);

  host = {
    nsguard.tunnels.lab.configFile = "/run/secrets/lab.conf";
    nsguard.namespaces.vpn.tunnel = "lab";
    networking.hostName = "host";
    networking.domain = "example.org";
    security.acme.acceptTerms = true;
    security.acme.defaults.email = "made@example.org";
  };

  bare = evaluateWhole host;
  baseline = lib.attrNames bare.config.systemd.services;

  # Confines every service that a module adds.
  confining = {
    options.systemd.services = lib.mkOption {
      type = types.attrsOf (
        types.submodule (
          { name, ... }:
          {
            config.nsguard.namespace = lib.mkIf (!elem name baseline) "vpn";
          }
        )
      );
    };
  };

  # The topmost options that switch something on, and sets of options that take things by name.
  switches =
    path: options:
    if isOption options then
      [ ]
    else if options ? enable && isOption options.enable then
      [ path ]
    else if filter (name: takesNames options.${name}) (lib.attrNames options) != [ ] then
      [ path ]
    else
      concatMap (name: switches (path ++ [ name ]) options.${name}) (lib.attrNames options);

  takesNames =
    option:
    isOption option
    && elem (option.type.name or "") [
      "attrsOf"
      "lazyAttrsOf"
    ]
    && (option.type.nestedTypes.elemType.name or "") == "submodule";

  # A neutral value of a type.
  made =
    type:
    let
      name = type.name or "";
    in
    if name == "nullOr" then
      null
    else if name == "bool" then
      false
    else if name == "path" || name == "pathInStore" || name == "externalPath" then
      "/srv/made"
    else if
      lib.hasPrefix "int" name
      || lib.hasInfix "nsignedInt" name
      || name == "positiveInt"
      || name == "number"
    then
      1
    else if name == "package" then
      pkgs.hello
    else if name == "enum" then
      lib.head (type.functor.payload.values or type.functor.payload)
    else if
      elem name [
        "str"
        "string"
        "singleLineStr"
        "nonEmptyStr"
        "separatedString"
        "lines"
      ]
      || lib.hasPrefix "strMatching" name
    then
      "made.example.org"
    else if name == "listOf" then
      [ ]
    else if
      elem name [
        "attrsOf"
        "lazyAttrsOf"
        "attrs"
        "anything"
        "unspecified"
      ]
    then
      { }
    else if name == "submodule" then
      filled (type.getSubOptions [ ])
    else if name == "either" then
      made (type.nestedTypes.left or types.str)
    else if name == "coercedTo" then
      made (type.nestedTypes.finalType or types.str)
    else
      "made";

  # A text option that means a file's path gets a path.
  valueOf =
    name: option:
    let
      value = made option.type;
    in
    if value == "made.example.org" && builtins.match ".*([Pp]ath|[Dd]ir|[Ff]ile).*" name != null then
      "/srv/made"
    else
      value;

  # Values for the options of a set that have no default.
  filled =
    options:
    filterAttrs (_: value: value != { }) (
      mapAttrs
        (
          name: option:
          if isOption option then
            if
              option ? default
              || option.readOnly or false
              || option.internal or false
              || option.visible or true == false
            then
              { }
            else
              lib.mkOverride 1400 (valueOf name option)
          else
            filled option
        )
        (
          removeAttrs options [
            "_module"
            "enable"
          ]
        )
    );

  # One instance of each kind of thing that a module takes by name.
  instances =
    options:
    filterAttrs (_: value: value != { }) (
      mapAttrs (
        _: option:
        if takesNames option then
          {
            one =
              let
                inner = option.type.nestedTypes.elemType.getSubOptions [ ];
              in
              filled inner // lib.optionalAttrs (inner ? enable) { enable = true; };
          }
        else
          { }
      ) (removeAttrs options [ "_module" ])
    );

  configurationOf =
    { path, filling }:
    let
      options = attrByPath path { } bare.options.services;
    in
    {
      services = setAttrByPath path (
        lib.recursiveUpdate (
          if filling == "nothing" then
            { }
          else if filling == "required" then
            filled options
          else
            lib.recursiveUpdate (filled options) (instances options)
        ) (lib.optionalAttrs (options ? enable) { enable = true; } // attrByPath path { } given)
      );
    };

  # Options that a module reads although they have no default and are not required, or whose default it does not accept;
  # and what most people set.
  given = {
    amule.user = "root";
    cockroachdb.insecure = true;
    dex.settings.storage.type = "sqlite3";
    galene.insecure = true;
    goeland.settings.email = { };
    gonic.settings.music-path = [ "/srv/made" ];
    mosquitto.listeners = [ { } ];
    nginx.virtualHosts."made.example.org" = {
      enableACME = true;
      forceSSL = true;
    };
    restic.backups.one.paths = [ "/srv/made" ];
    slskd.settings.shares.directories = [ "/srv/made" ];
  };

  outcome =
    {
      path,
      filling ? "nothing",
      confined ? true,
      needs ? null,
      more ? { },
    }:
    let
      inherit
        (evaluateSome (only needs) {
          imports = [
            host
            (unchecked needs)
            (configurationOf { inherit path filling; })
            more
          ]
          ++ lib.optional confined confining;
        })
        config
        ;
      own = filter (name: !elem name baseline) (lib.attrNames config.systemd.services);
      specification = config.nsguard.specification;
      problems = config.nsguard.plan.serviceProblems specification;
      holes = config.nsguard.plan.serviceHoles specification (
        config.nsguard.plan.unitTexts config.systemd.units
      );
    in
    {
      services = own;
      # The text of every unit is evaluated, confined or not, so that an error in it occurs in both cases.
      texts = lib.stringLength (
        lib.concatMapStrings (name: config.systemd.units."${name}.service".text or "") own
      );
      problems = if confined then problems else [ ];
      holes = if confined then holes else [ ];
      # Confinement evaluates these. Without it they are evaluated as well, so that errors of the module do not count as
      # nsguard's.
      warnings = builtins.deepSeq [
        config.warnings
        (lib.attrNames config.security.wrappers)
        specification.accounts
      ] (if confined then filter (lib.hasPrefix "systemd.services.") config.warnings else [ ]);
    };
  # The first way to fill a module in that evaluates and gives it services. What a module throws is caught; other errors
  # end the evaluation, and ./sweep.py goes on with the next module. `crashed`: it evaluates when it is not confined.
  swept =
    {
      path,
      fillings ? [
        "instances"
        "required"
        "nothing"
      ],
      needs ? null,
      more ? { },
    }:
    let
      try =
        confined: filling:
        let
          it = outcome {
            inherit
              path
              filling
              confined
              needs
              more
              ;
          };
        in
        builtins.tryEval (builtins.deepSeq it it);
      first =
        best: left:
        let
          tried = try true (lib.head left);
        in
        if left == [ ] then
          best
        else if tried.success && tried.value.services != [ ] then
          tried.value
        else
          first (if best == null && tried.success then tried.value else best) (lib.tail left);
      best = first null fillings;
    in
    if best != null then best // { crashed = false; } else { crashed = (try false "nothing").success; };
in
{
  inherit baseline outcome;

  # Traces the outcome of each module as soon as it is known.
  say =
    modules:
    builtins.foldl' (
      count: module:
      builtins.seq (builtins.trace "swept ${builtins.toJSON (swept module)}" null) (count + 1)
    ) 0 modules;

  declaring = mapAttrs (_: options: lib.unique (filesOf options)) bare.options.services;
  elsewhere = lib.unique (
    filter (lib.hasInfix "/modules/services/") (
      concatMap filesOf (
        lib.attrValues (
          removeAttrs bare.options [
            "_module"
            "services"
          ]
        )
      )
    )
  );

  paths = concatMap (name: switches [ name ] bare.options.services.${name}) (
    lib.attrNames bare.options.services
  );
}
