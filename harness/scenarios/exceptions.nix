# The demo with what may pass beside the tunnel: a host that the services of the namespace reach at one port.
let
  demo = import ./demo.nix;
in
demo
// {
  namespaces.vpn = demo.namespaces.vpn // {
    allowedEgress = {
      nas = {
        address = "203.0.113.90";
        port = 80;
      };
      nas6 = {
        address = "2001:db8:113::90";
        port = 80;
      };
    };
  };
}
