# Commands that a user of the namespace starts, which are confined like a service. The agent of the leak suite is such a
# command, one for each attack that runs at the same time, and a service that is not confined starts them.
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
