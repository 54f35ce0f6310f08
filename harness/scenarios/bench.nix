# What `make bench` starts: a service that does nothing, confined and unconfined, and commands of the user alice.
let
  nothing = {
    serviceConfig = {
      ExecStart = "/bin/true";
      Type = "oneshot";
      User = "www-data";
    };
  };
in
{
  tunnels.lab.configFile = "/etc/nsguard-lab/client.conf";
  namespaces.vpn = {
    tunnel = "lab";
    users = [ "alice" ];
  };

  services = {
    bench-confined = nothing // {
      namespace = "vpn";
    };
    bench-free = nothing;
  };
}
