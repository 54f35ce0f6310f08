# Commands that people start: a user of the namespace may, and what they run is confined as a service is. The agent
# of the leak suite is such a command, one for each attack that goes on at a time, started by a service that is not
# confined itself.
let
  agent = name: program: {
    serviceConfig = {
      ExecStart = "/usr/bin/python3 -m nsguard_harness.inside.${program}";
      Environment = "PYTHONPATH=/usr/lib/nsguard-harness";
      RuntimeDirectory = "nsguard-agent-${name}";
      Type = "notify";
      User = "www-data";
      Group = "www-data";
    };
    wantedBy = [ "multi-user.target" ];
  };

  command = "/usr/bin/nsguard run vpn -E PYTHONPATH -- /usr/bin/python3 -m nsguard_harness.inside.agent -";
in
{
  tunnels.lab.configFile = "/etc/nsguard-lab/client.conf";
  namespaces.vpn = {
    tunnel = "lab";
    users = [
      "alice"
      "www-data"
    ];
  };

  services = {
    app-user = agent "app-user" "through /run/nsguard-agent-app-user/socket ${command}";
    free-user = agent "free-user" "agent /run/nsguard-agent-free-user/socket";
  };
}
