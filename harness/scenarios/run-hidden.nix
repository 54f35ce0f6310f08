# As run.nix, and commands do not see home directories, as services don't.
let
  shared = import ./run.nix;
in
shared
// {
  namespaces.vpn = shared.namespaces.vpn // {
    homes = "hidden";
  };
}
