# One namespace with a tunnel from a provider's file, and four copies of the agent that carries attacks out:
# confined as root and as an ordinary user, and unconfined as either, to show that the attacks work.
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
    # As modules of nixpkgs have it: a list that begins with a reset, before which no check of ours may stand.
    app-root = confined (
      agent "app-root" {
        ExecStart = [
          ""
          (command "app-root")
        ];
      }
    );
    # Binds that would show the host's sockets, by other words than the refusals look for.
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
