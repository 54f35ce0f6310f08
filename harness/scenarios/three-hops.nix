# The demo's services, whose tunnel goes through a second one, and that through a third.
let
  two = import ./two-hops.nix;
in
two
// {
  tunnels = two.tunnels // {
    lab = two.tunnels.lab // {
      via = "middle";
    };
    middle = {
      configFile = "/etc/nsguard-lab/middle.conf";
      via = "entry";
    };
  };
}
