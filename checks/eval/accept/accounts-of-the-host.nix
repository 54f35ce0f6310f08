# NixOS: the users, groups and services that the rest of the configuration defines are known.
{
  module = {
    nsguard.tunnels.lab.configFile = "/run/secrets/lab.conf";
    nsguard.namespaces.vpn = {
      tunnel = "lab";
      users = [
        "alice"
        "bob"
      ];
      publish.web = {
        listen = [ "/run/web.sock" ];
        port = 80;
        group = "wheel";
      };
      hostServices.sonarr.port = 8989;
    };
    users.users.alice.isNormalUser = true;
    # has another name than its attribute
    users.users.robert = {
      isNormalUser = true;
      name = "bob";
    };
    services.transmission.enable = true;
    systemd.services.transmission.nsguard = {
      namespace = "vpn";
      allowPrivilegedCommands = true;
    };
    systemd.services.app = {
      nsguard.namespace = "vpn";
      serviceConfig = {
        ExecStart = "/bin/app";
        User = "transmision";
        Group = "nsguard-vpn";
      };
    };
  };

  facts = _: null;
  expected = null;
  warnings = [
    ''systemd.services.app.serviceConfig.User: this configuration defines no user "transmision", so the service does not start; did you mean "transmission"? If not, define users.users.transmision, or ignore this if the user is made by other means''
  ];
}
