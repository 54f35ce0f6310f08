# Like run.nix, but home directories are hidden from commands, as from services.
let
  shared = import ./run.nix;
in
shared
// {
  namespaces.vpn = shared.namespaces.vpn // {
    homes = "hidden";
  };
}
