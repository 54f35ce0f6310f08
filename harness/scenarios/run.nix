# Commands that people start: a user of the namespace may, and what they run is confined as a service is.
{
  tunnels.lab.configFile = "/etc/nsguard-lab/client.conf";
  namespaces.vpn = {
    tunnel = "lab";
    users = [ "alice" ];
  };
}
