# What the documentation's snippets expect of their machine, so that it boots: programs, accounts and tunnels' files.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  python = "/usr/bin/python3";
  program =
    name: port: pkgs.writeShellScriptBin name "exec ${python} ${./program.py} ${toString port}";

  # A service that a snippet expects to exist.
  service = port: {
    nsguard.namespace = "vpn";
    wantedBy = [ "multi-user.target" ];
    serviceConfig = {
      ExecStart = "${python} ${./program.py} ${toString port}";
      DynamicUser = true;
    };
  };

  # The tunnels' files that exist from the beginning are the lab's; the test writes the others.
  files = lib.filter (
    file:
    file != null
    && !lib.elem (baseNameOf file) [
      "entry.conf"
      "japan.conf"
    ]
  ) (map (tunnel: tunnel.configFile) (lib.attrValues config.nsguard.tunnels));
in
{
  imports = [
    ./stand-in.nix
    ../docs/managers.nix
  ];

  options.taken = lib.mkOption {
    type = lib.types.attrsOf lib.types.port;
    default = { };
    description = "Services in the namespace vpn that the snippets presuppose, with the ports that they listen on.";
  };

  config = {
    systemd.services = lib.mapAttrs (_: service) config.taken;

    services = {
      prowlarr.package = program "prowlarr" 9696;
      jellyfin.package = program "jellyfin" 8096;
      transmission.package = program "transmission-daemon" 9091;
      nginx = {
        validateConfigFile = false;
        package = import ./nginx.nix { inherit pkgs; } ''${python} ${./proxy.py} "$2"'';
      };
    };

    users.users.alice.isNormalUser = true;
    users.users.bob.isNormalUser = true;

    systemd.tmpfiles.rules = map (file: "L ${file} - - - - /etc/nsguard-lab/client.conf") files;

    # Only ports that a snippet opens are open.
    networking.firewall = {
      enable = true;
      filterForward = true;
      logRefusedConnections = false;
    };
    networking.nftables = {
      enable = true;
      checkRuleset = false; # the program for this is not built here
    };
    system.activationScripts.firewall = "ln -sf ../sbin/{nft,iptables,ip6tables} /usr/bin/";
    networking.nameservers = [ "198.51.100.1" ];
    services.resolved.enable = false;
    environment.etc."resolv.conf".text = "nameserver 198.51.100.1\n";
  };
}
