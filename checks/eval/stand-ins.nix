# Packages that are only names and paths, to evaluate a configuration without nixpkgs' own packages. Nothing made of
# them can be built, and nothing needs to be: tests read assertions and the text of units.
# names: of packages; attributes: those that modules use of a package, as in `package.python.pkgs`
{
  lib,
  names,
  attributes ? [ ],
}:
let
  platform = lib.systems.elaborate "x86_64-linux";

  standIn =
    name:
    let
      self =
        lib.genAttrs (
          attributes
          ++ [
            "mailmanEnv"
            "webEnv"
            "withBaseConfig"
          ]
        ) (_: self)
        // {
          __functor = _: _: self;
          type = "derivation";
          inherit name;
          pname = name;
          # Newer than any version that a module requires.
          version = "999";
          system = platform.system;
          outPath = "/stand-in/${name}";
          drvPath = "/stand-in/${name}.drv";
          outputName = "out";
          outputs = [ "out" ];
          meta = {
            description = name;
            mainProgram = name;
          };
          passthru = self;
          override = _: self;
          overrideAttrs = _: self;
          overridePythonAttrs = _: self;
          extend = _: self;
          withPackages = _: self;
          features = { };
          config = lib.genAttrs [ "isYes" "isEnabled" "isModule" "isSet" ] (_: _: true) // {
            isDisabled = _: false;
          };
          kernelAtLeast = _: true;
          kernelOlder = _: false;
          modDirVersion = "999";
          modules = [ ];
          availableComponents = names;
          extraComponents = [ ];
          extensions = [ ];
          withIpmi = false;
          withNetworkViewer = false;
          communityModules = [ ];
          filesInstalledToEtc = [ ];
          allowMemoryWriteExecute = false;
          enabledCryptSchemeIds = [ "y" ];
          shellPath = "/bin/sh";
          kmod = self;
          util-linux = self;
          interfaceVersion = 2;
          systemManagementModeRequired = false;
          psqlSchema = "17";
          networkManagerPlugin = name;
          kernelModuleAttribute = "kmod"; # one that the stand-in for a kernel has
        }
        // lib.genAttrs [
          "out"
          "bin"
          "dev"
          "lib"
          "man"
          "doc"
          "info"
          "su"
          "mount"
          "swap"
          "login"
          "kernel"
          "fd"
          "ga"
        ] (_: self)
        # systemd's build options, which NixOS's module asks for.
        // lib.mapAttrs' (option: lib.nameValuePair "with${option}") (
          lib.genAttrs [
            "Coredump"
            "Hostnamed"
            "Hwdb"
            "Localed"
            "Logind"
            "Networkd"
            "Nss"
            "Resolved"
            "Timedated"
            "Timesyncd"
            "Utmp"
            "Efi"
            "Cryptsetup"
            "Homed"
            "Machined"
            "Importd"
            "Portabled"
            "Repart"
            "Oomd"
            "Sysupdate"
            "Tpm2Tss"
            "Tpm2Units"
            "Bootloader"
            "Nspawn"
          ] (_: false)
        );
    in
    self;

  # The result of a builder is a stand-in too; builders differ in which argument is the name.
  named = name: _: standIn name;
  format = _: {
    type = with lib.types; attrsOf anything;
    generate = name: _: standIn name;
    lib = packages;
  };

  # `with pkgs;` must not hide nixpkgs' functions. nextcloud only exists with a version in its name.
  packages = removeAttrs (lib.genAttrs names standIn) (lib.attrNames lib ++ [ "nextcloud" ]);

  final =
    packages
    // lib.genAttrs [
      "concatText"
      "writeText"
      "writeTextDir"
      "writeScript"
      "writeShellScript"
      "writeShellScriptBin"
      "writeScriptBin"
    ] (_: named)
    // lib.genAttrs [ "runCommand" "runCommandLocal" "runCommandCC" ] (
      _: name: _: _:
      standIn name
    )
    // lib.genAttrs [
      "buildEnv"
      "symlinkJoin"
      "writeTextFile"
      "writeShellApplication"
      "makeDesktopItem"
      "makeDBusConf"
      "makeInitrd"
      "makeInitrdNG"
      "makeModulesClosure"
      "replaceVarsWith"
      "closureInfo"
    ] (_: arguments: standIn (arguments.name or "made"))
    // lib.genAttrs [ "pkgsStatic" "pkgsi686Linux" "buildPackages" "pkgsBuildHost" ] (_: final)
    // lib.genAttrs [ "unixtools" "xorg" "linuxKernel" "lomiri" "python3Packages" ] (
      _: lib.genAttrs names standIn
    )
    // {
      writers = lib.genAttrs names (_: named) // {
        writePython3 =
          name: _: _:
          standIn name;
        writePython3Bin =
          name: _: _:
          standIn name;
      };
      formats = lib.genAttrs names (_: format);
      callPackage = _: _: standIn "called";
      stdenv = lib.filterAttrs (name: _: lib.hasPrefix "is" name) platform // {
        hostPlatform = platform;
        buildPlatform = platform;
        targetPlatform = platform;
        mkDerivation = arguments: standIn (arguments.name or arguments.pname or "made");
        cc = standIn "cc" // {
          bintools = standIn "bintools" // {
            dynamicLinker = "/lib/ld.so";
          };
        };
      };
      inherit lib;
      config = { };
      _type = "pkgs";
    };
in
final
