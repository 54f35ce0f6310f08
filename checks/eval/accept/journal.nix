# The journal shows at no terminal what a service logs, and restarts to read that setting.
{
  module = {
    nsguard.tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    nsguard.namespaces.vpn.tunnel = "mullvad";
  };
  facts =
    config:
    let
      inherit (config.environment.etc."systemd/journald.conf.d/nsguard.conf") text;
    in
    {
      inherit text;
      restarted = builtins.elem text config.systemd.services.systemd-journald.restartTriggers;
    };
  expected = {
    text = "[Journal]\nForwardToWall=no\n";
    restarted = true;
  };
}
