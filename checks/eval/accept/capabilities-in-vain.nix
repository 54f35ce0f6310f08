# Capabilities that have no effect in a namespace, and names in a unit that systemd does not read, have a warning.
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services = {
      keeps = {
        nsguard = {
          namespace = "vpn";
          capabilities = [
            "CAP_NET_ADMIN"
            "CAP_NET_BIND_SERVICE"
            "CAP_CHOWN"
          ];
        };
        serviceConfig.ExecStart = "/bin/app";
      };
      lists = {
        nsguard.namespace = "vpn";
        serviceConfig = {
          ExecStart = "/bin/app";
          AmbientCapabilities = "CAP_CHWON cap_net_bind_service 10 CAP_FOWNER";
          CapabilityBoundingSet = [ "~CAP_SYSADMIN CAP_SYS_TIME" ];
        };
      };
    };
  };

  facts =
    config:
    builtins.filter (text: builtins.match "systemd\\.services\\..*" text != null) config.warnings;

  expected = [
    "systemd.services.keeps.nsguard.capabilities: CAP_NET_ADMIN has no effect, because the kernel asks for it in the user namespace that owns the network, which is the host's; remove it; leave the service unconfined if it sets up networks or reads packets"
    "systemd.services.keeps.nsguard.capabilities: CAP_NET_BIND_SERVICE has no effect, because the kernel asks for it in the user namespace that owns the network, which is the host's; remove it; every program in the namespace may listen on ports below 1024"
    ''systemd.services.lists.serviceConfig.AmbientCapabilities: there is no capability "CAP_CHWON", so systemd ignores it; did you mean "CAP_CHOWN"? If not, remove it''
    ''systemd.services.lists.serviceConfig.CapabilityBoundingSet: there is no capability "CAP_SYSADMIN", so systemd ignores it; did you mean "CAP_SYS_ADMIN"? If not, remove it''
    ''systemd.services.lists: CAP_FOWNER is taken away; if the service needs it, set systemd.services.lists.nsguard.capabilities = [ "CAP_FOWNER" ];''
  ];
}
