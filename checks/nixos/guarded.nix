# A NixOS with the agents of the leak test and its resolvers enabled; another module adds the guard.
{ pkgs, ... }:
{
  imports = [
    ./stand-in.nix
    ./resolvers.nix
    ../../modules/agents.nix
  ];

  nsguard.agents = {
    enable = true;
    library = pkgs.runCommand "nsguard-harness" { } ''
      mkdir $out
      cp -r ${../../harness/src}/nsguard_harness $out
    '';
  };
}
