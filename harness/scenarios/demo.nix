# One namespace with a tunnel from a provider's file, and four copies of the agent that executes attacks: confined as
# root and as an ordinary user, and unconfined as both, to show that the attacks work.
let
  command =
    name: "/usr/bin/python3 -m nsguard_harness.inside.agent /run/nsguard-agent-${name}/socket";
  agent = name: properties: {
    serviceConfig = {
      ExecStart = command name;
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
    # As in modules of nixpkgs, the list begins with a reset, which would remove a check before it.
    app-root = confined (
      agent "app-root" {
        ExecStart = [
          ""
          (command "app-root")
        ];
      }
    );
    # Binds that would show the host's sockets, in unusual spellings.
    app-user = confined (
      agent "app-user" (
        asUser
        // {
          BindReadOnlyPaths = [
            "/run/"
            "%t"
          ];
        }
      )
    );
    free = agent "free" { };
    free-user = agent "free-user" asUser;
  };
}
