# A NixOS machine for the container lab: the demo's scenario in NixOS's options, with the host's resolvers on.
{
  lib,
  pkgs,
  ...
}:
let
  inherit (import ../eval/nixos.nix { inherit lib; }) moduleOf;

  # Where NixOS itself is built of stand-ins, so is the runtime: a copy of the checkout.
  runtime = pkgs.runCommand "nsguard" { meta.mainProgram = "nsguard"; } ''
    mkdir -p $out/lib
    cp -r ${../../pkgs/nsguard/bin} $out/lib/bin
    cp -r ${../../pkgs/nsguard/src} $out/lib/src
    mkdir $out/bin
    ln -s ../lib/bin/nsguard $out/bin/nsguard
  '';
in
{
  imports = [
    ../../modules
    (moduleOf (import ../../harness/scenarios/demo.nix))
  ];

  nsguard.package = runtime;

  # Stand-ins have their programs in a bin/ that is a link, which the join cannot lay beside the runtime's.
  environment.extraSetup = "ln -s /usr/bin/* $out/bin/ 2>/dev/null || true";

  # Reached from outside at another port than the one that the harness attacks.
  nsguard.namespaces.vpn.publish.web = {
    listen = [ "127.0.0.1:8101" ];
    port = 9091;
  };

  # Somebody who may run commands in the namespace, and somebody who may not.
  nsguard.namespaces.vpn.users = [ "alice" ];
  users.users.alice.isNormalUser = true;
  users.users.bob.isNormalUser = true;

  users.users.www-data = {
    isSystemUser = true;
    group = "www-data";
  };
  users.groups.www-data = { };

  # Both ways by which a look-up leaves a network namespace: nss-resolve, and the daemon behind /run/nscd.
  services.nscd.enable = true;
  services.resolved = {
    enable = true;
    llmnr = "false";
    fallbackDns = [ ];
    # Resolved asks a plain resolver for names below .local only where it is told that one knows them.
    domains = [ "~local" ];
    extraConfig = "MulticastDNS=no\nCache=no\n";
  };
  networking.nameservers = [ "198.51.100.1" ];
  networking.firewall.enable = false;
}
