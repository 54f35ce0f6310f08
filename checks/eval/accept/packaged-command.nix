# NixOS: the evaluation cannot see the command of a unit that comes with a package: nsguard-init runs alone before it.
{
  module = {
    nsguard = import ../vpn.nix;
    systemd.services.packaged = {
      overrideStrategy = "asDropin";
      nsguard.namespace = "vpn";
      nsguard.allowPrivilegedCommands = true;
      nsguard.hardening.ownJournalConnection = false;
      serviceConfig = {
        ExecStartPre = [
          "/bin/dropped"
          ""
          "+/bin/prepare"
        ];
      };
    };
  };

  facts = config: config.systemd.services.packaged.serviceConfig.ExecStartPre;

  expected = [
    ""
    "/usr/bin/nsguard-init --netns=vpn --own-sockets"
    "+/usr/bin/nsguard-init --netns=vpn /bin/prepare"
  ];
}
