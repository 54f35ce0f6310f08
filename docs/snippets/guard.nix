{
  nsguard.agents = {
    enable = true;
    tunnelUnit = "guard"; # its service that makes the namespace vpn and the tunnel
    # What the guard has you write for a service:
    confine = {
      bindsTo = [ "guard.service" ];
      after = [ "guard.service" ];
      serviceConfig = {
        NetworkNamespacePath = "/run/netns/vpn";
        InaccessiblePaths = "-/run/nscd";
        BindReadOnlyPaths = "/etc/netns/vpn/resolv.conf:/etc/resolv.conf";
      };
    };
  };
}
