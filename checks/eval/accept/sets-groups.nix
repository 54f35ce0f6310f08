# NixOS: a daemon that becomes another user calls setgroups(2), which systemd 258 allows with PrivateUsers=full.
let
  becoming = capabilities: serviceConfig: {
    nsguard = {
      namespace = "vpn";
      inherit capabilities;
    };
    serviceConfig = {
      ExecStart = "/usr/bin/true";
    }
    // serviceConfig;
  };
  both = [
    "CAP_SETUID"
    "CAP_SETGID"
  ];
in
{
  module =
    { pkgs, ... }:
    {
      nsguard = import ../vpn.nix;
      systemd.package = pkgs.systemd // {
        version = "258.2";
      };
      systemd.services = {
        becomes = becoming both { };
        stays = becoming [ "CAP_SETUID" ] { };
        stricter = becoming both { PrivateUsers = "self"; };
      };
    };

  facts =
    config:
    builtins.mapAttrs (name: _: config.systemd.services.${name}.serviceConfig.PrivateUsers) {
      becomes = null;
      stays = null;
      stricter = null;
    }
    // {
      warnings = builtins.filter (
        text: builtins.match "systemd[.]services[.].*" text != null
      ) config.warnings;
    };

  expected = {
    # An earlier systemd ignores the second line.
    becomes = [
      "identity"
      "full"
    ];
    stays = "identity";
    stricter = "self";
    warnings = [ ];
  };
}
