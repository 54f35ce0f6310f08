{
  specification.tunnels.mullvad.configFile = /etc/mullvad.conf;
  messages = [
    ''nsguard.tunnels.mullvad.configFile: "/etc/mullvad.conf" would be in the Nix store, which every user can read; write the path of a file that is created at run time, in quotes: nsguard.tunnels.mullvad.configFile = "/run/secrets/…";''
  ];
}
