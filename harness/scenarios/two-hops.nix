# The demo's services, whose tunnel goes through another one.
let
  demo = import ./demo.nix;
in
demo
// {
  tunnels = {
    lab = demo.tunnels.lab // {
      via = "entry";
    };
    entry.configFile = "/etc/nsguard-lab/entry.conf";
  };
}
