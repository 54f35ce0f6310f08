# NixOS: a priority on the set of a service's options holds for each option by itself, so that it stays confined.
let
  running = {
    serviceConfig.ExecStart = "/usr/bin/true";
  };
in
{
  module =
    { lib, ... }:
    {
      imports = [
        {
          systemd.services = {
            default.nsguard.capabilities = [ "CAP_CHOWN" ];
            forced.nsguard = lib.mkForce { capabilities = [ "CAP_CHOWN" ]; };
          };
        }
      ];
      nsguard = import ../vpn.nix;
      systemd.services = {
        default = running // {
          nsguard = lib.mkDefault { namespace = "vpn"; };
        };
        forced = running // {
          nsguard.namespace = "vpn";
        };
      };
    };

  facts =
    config:
    builtins.mapAttrs
      (name: _: {
        inherit (config.systemd.services.${name}.serviceConfig) NetworkNamespacePath;
        inherit (config.systemd.services.${name}.nsguard) capabilities;
      })
      {
        default = null;
        forced = null;
      };

  expected = builtins.listToAttrs (
    map
      (name: {
        inherit name;
        value = {
          NetworkNamespacePath = "/run/netns/vpn";
          capabilities = [ "CAP_CHOWN" ];
        };
      })
      [
        "default"
        "forced"
      ]
  );
}
