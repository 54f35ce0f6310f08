# What any of these machines needs where NixOS itself is built of stand-ins: so is the runtime, a copy of the checkout.
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

  # Stand-ins have their programs in a bin/ that is a link, which the join cannot lay beside the runtime's.
  environment.extraSetup = "ln -s /usr/bin/* $out/bin/ 2>/dev/null || true";
}
