# One namespace with a tunnel from a provider's file, and four copies of the agent that carries attacks out:
# confined as root and as an ordinary user, and unconfined as either, to show that the attacks work.
let
  agent = name: properties: {
    serviceConfig = {
      ExecStart = "/usr/bin/python3 -m nsguard_harness.inside.agent /run/nsguard-agent-${name}/socket";
      Environment = "PYTHONPATH=/usr/lib/nsguard-harness";
      RuntimeDirectory = "nsguard-agent-${name}";
      Type = "notify";
    }
    // properties;
    wantedBy = [ "multi-user.target" ];
  };

  confined = service: service // { namespace = "vpn"; };

  asUser = {
    User = "www-data";
    Group = "www-data";
  };
in
{
  tunnels.lab.configFile = "/etc/nsguard-lab/client.conf";
  namespaces.vpn.tunnel = "lab";

  services = {
    app-root = confined (agent "app-root" { });
    app-user = confined (agent "app-user" asUser);
    free = agent "free" { };
    free-user = agent "free-user" asUser;
  };
}
