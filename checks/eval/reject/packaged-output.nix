# NixOS: the evaluation cannot see the command of a package's unit, so it cannot put nsguard-init in front of it.
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services = {
      package = {
        overrideStrategy = "asDropin";
        nsguard.namespace = "vpn";
      };
      silent = {
        overrideStrategy = "asDropin";
        nsguard.namespace = "vpn";
        serviceConfig.StandardOutput = "null";
      };
    };
  };
  messages = [
    ''systemd.services.package.serviceConfig.ExecStart: the command is defined by a package, so its output would go to a socket of the host, which tells the host's addresses; repeat the command here (ExecStart = [ "" "…" ];), set StandardOutput = "null", or accept that with systemd.services.package.nsguard.hardening.ownJournalConnection = false;''
  ];
}
