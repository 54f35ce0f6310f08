# A NixOS machine for the container lab: the demo's scenario in NixOS's options, with the host's resolvers on.
{ lib, ... }:
let
  inherit (import ../eval/nixos.nix { inherit lib; }) moduleOf;
in
{
  imports = [
    ./stand-in.nix
    ./resolvers.nix
    (moduleOf (import ../../harness/scenarios/demo.nix))
  ];

  # Published at another port than the one that the harness attacks.
  nsguard.namespaces.vpn.publish.web = {
    listen = [ "127.0.0.1:8101" ];
    port = 9091;
  };

  # alice may run commands in the namespace, and bob may not.
  nsguard.namespaces.vpn.users = [ "alice" ];
  users.users.alice.isNormalUser = true;
  users.users.bob.isNormalUser = true;

  users.users.www-data = {
    uid = 33; # as in Debian: an attack finds the session's bus by this number
    isSystemUser = true;
    group = "www-data";
    home = "/var/www"; # neither below /home nor in /var/lib: an attack leaves files there
  };
  users.groups.www-data = { };
}
