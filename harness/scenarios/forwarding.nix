# The demo's namespace with a port of the tunnel's far end forwarded to it, and a hook that logs its environment.
let
  demo = import ./demo.nix;
in
demo
// {
  namespaces.vpn = demo.namespaces.vpn // {
    portForwarding = {
      enable = true;
      lifetimeSeconds = 4;
      user = "www-data";
      onChange = "/usr/bin/env";
    };
  };
}
