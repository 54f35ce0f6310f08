# For machines whose NixOS is built of stand-ins: the runtime is a copy of the checkout.
{ pkgs, ... }:
let
  # What a test run leaves in a checkout does not make another runtime.
  sources = builtins.path {
    name = "src";
    path = ../../pkgs/nsguard/src;
    filter = path: _: baseNameOf path != "__pycache__";
  };
  # The tree that the machine boots on. Its Python is not the builder's, and reads no other's bytecode.
  tree = builtins.getEnv "NSGUARD_NIXOS_IMAGE";
in
{
  imports = map (
    module: if module == ../../modules/apps.nix then ./launchers.nix else module
  ) (import ../../modules).imports;

  nsguard.package = pkgs.runCommand "nsguard" { meta.mainProgram = "nsguard"; } ''
    mkdir -p $out/lib
    cp -r ${../../pkgs/nsguard/bin} $out/lib/bin
    cp -r ${sources} $out/lib/src
    chmod -R u+w $out/lib/src
    PYTHONHOME=${tree}/usr ${tree}/usr/lib64/ld-linux-x86-64.so.2 \
      --library-path ${tree}/usr/lib/x86_64-linux-gnu ${tree}/usr/bin/python3 \
      -m compileall -q --invalidation-mode unchecked-hash $out/lib/src
    mkdir $out/bin
    ln -s ../lib/bin/nsguard $out/bin/nsguard
    cp -r ${../../pkgs/nsguard/init} init
    chmod -R u+w init
    PATH=$PATH:/usr/bin make -C init install PREFIX=$out
  '';

  # In stand-ins, bin/ is a link, and a link cannot be merged with the runtime's bin/ directory.
  environment.extraSetup = "ln -s /usr/bin/* $out/bin/ 2>/dev/null || true";
}
