# NixOS: services of its own modules, each confined by one line, have every part of the confinement.
let
  inherit (builtins)
    all
    elem
    filter
    ;
  inherit (import ../../../modules/plan/combine.nix) toList;
  verified =
    command:
    command == ""
    || builtins.match "[-:]*/usr/bin/nsguard-init --journal --netns=vpn .*" command != null;
  wanted = [
    "jellyfin"
    "nginx"
    "prowlarr"
    "qbittorrent" # in newer releases
    "sonarr"
    "transmission"
  ];
in
{
  module =
    {
      lib,
      options,
      pkgs,
      ...
    }:
    let
      overridden = package: package // { override = _: overridden package; };
      named = lib.genAttrs (filter (name: options.services ? ${name}) wanted);
    in
    {
      nsguard = import ../vpn.nix;
      services =
        named (_: {
          enable = true;
        })
        // {
          nginx = {
            enable = true;
            # A stand-in has no modules, and no program that checks the configuration.
            package = overridden (pkgs.nginx // { modules = [ ]; });
            validateConfigFile = false;
          };
        };
      systemd.services = lib.mkMerge [
        (named (_: {
          nsguard.namespace = "vpn";
        }))
        { transmission.nsguard.allowPrivilegedCommands = true; }
      ];
    };

  facts =
    config:
    let
      confined = filter (name: config.systemd.services.${name}.nsguard.namespace or null == "vpn") wanted;
      has =
        name:
        let
          c = config.systemd.services.${name}.serviceConfig;
        in
        c.NetworkNamespacePath == "/run/netns/vpn"
        && all verified (toList c.ExecStart)
        && elem "/run:mode=0755,nosuid,nodev" c.TemporaryFileSystem
        # "-accounts" is for a user that systemd creates at start.
        && elem "/run/nsguard/vpn/confext${if c.DynamicUser or false then "-accounts" else ""}" c.ExtensionDirectories
        && c.CapabilityBoundingSet == ""
        && c.AmbientCapabilities == ""
        && c.PrivateDevices
        && c.PrivateTmp
        && c.NoNewPrivileges
        && !(c ? PrivateNetwork)
        && elem c.PrivateUsers [
          true
          "identity"
        ];
    in
    {
      lacking = filter (name: !has name) confined;
      five = builtins.length confined >= 5;
    };

  expected = {
    lacking = [ ];
    five = true;
  };
}
