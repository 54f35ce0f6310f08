# For machines whose NixOS is built of stand-ins: the runtime is a copy of the checkout.
{ pkgs, ... }:
{
  imports = map (
    module: if module == ../../modules/apps.nix then ./launchers.nix else module
  ) (import ../../modules).imports;

  nsguard.package = pkgs.runCommand "nsguard" { meta.mainProgram = "nsguard"; } ''
    mkdir -p $out/lib
    cp -r ${../../pkgs/nsguard/bin} $out/lib/bin
    cp -r ${../../pkgs/nsguard/src} $out/lib/src
    mkdir $out/bin
    ln -s ../lib/bin/nsguard $out/bin/nsguard
    cp -r ${../../pkgs/nsguard/init} init
    chmod -R u+w init
    PATH=$PATH:/usr/bin make -C init install PREFIX=$out
  '';

  # In stand-ins, bin/ is a link, and a link cannot be merged with the runtime's bin/ directory.
  environment.extraSetup = "ln -s /usr/bin/* $out/bin/ 2>/dev/null || true";
}
