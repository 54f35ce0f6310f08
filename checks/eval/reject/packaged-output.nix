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
      accepted = {
        overrideStrategy = "asDropin";
        nsguard.namespace = "vpn";
        nsguard.hardening.ownJournalConnection = false;
      };
    };
  };
  messages = [
    ''systemd.services.package.serviceConfig.ExecStart: the command is defined by a package, so nothing checks which sockets of the host systemd passes to it, the journal's among them; such a socket tells the host's addresses; repeat the command here (ExecStart = [ "" "…" ];), or accept that with systemd.services.package.nsguard.hardening.ownJournalConnection = false;''
    ''systemd.services.silent.serviceConfig.ExecStart: the command is defined by a package, so nothing checks which sockets of the host systemd passes to it; such a socket tells the host's addresses; repeat the command here (ExecStart = [ "" "…" ];), or accept that with systemd.services.silent.nsguard.hardening.ownJournalConnection = false;''
  ];
}
