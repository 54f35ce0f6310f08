# The demo with two exceptions to the tunnel: another host and a service of this host, which services in the namespace
# reach at one port each.
let
  demo = import ./demo.nix;
in
demo
// {
  namespaces.vpn = demo.namespaces.vpn // {
    hostServices.library = {
      port = 8989;
      listenPort = 18989;
    };
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
