# NixOS: the port of a service of the host comes from its module, if that has an option for it.
{
  module = {
    nsguard.tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    nsguard.namespaces.vpn = {
      tunnel = "mullvad";
      hostServices.audiobookshelf = { };
    };
    services.audiobookshelf.port = 8123;
  };

  facts =
    config:
    map (it: it.port)
      (builtins.fromJSON config.nsguard.planned.files."/etc/nsguard/vpn/spec.json").hostServices;

  expected = [ 8123 ];
}
