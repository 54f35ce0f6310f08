# NixOS: a drop-in of an app's unit comes after what confines it.
{
  module = {
    nsguard = import ../vpn.nix // {
      apps.browser = {
        namespace = "vpn";
        user = "alice";
        command = "/usr/bin/browser";
      };
      apps.other = {
        namespace = "vpn";
        user = "alice";
        command = "/usr/bin/other";
      };
    };
    users.users.alice = {
      isNormalUser = true;
      uid = 1000;
    };
    systemd.services = {
      nsguard-app-browser = {
        unitConfig.JoinsNamespaceOf = "free.service";
        environment.WORD = "one";
        serviceConfig = {
          BindPaths = "/run";
          Nice = 5;
        };
      };
      "nsguard-app-" = {
        overrideStrategy = "asDropin";
        serviceConfig.PrivateTmp = false;
      };
      free.serviceConfig.ExecStart = "/bin/free";
    };
  };
  messages = [
    "systemd.services.nsguard-app-browser.serviceConfig.BindPaths: it would change nsguard-app-browser.service, which confines an app, and nsguard does not judge it there; set it in nsguard.apps.browser.extraServiceConfig"
    "systemd.services.nsguard-app-browser.unitConfig.JoinsNamespaceOf: it would change nsguard-app-browser.service, which confines an app, and nsguard does not judge it there; remove it"
    "systemd.services.nsguard-app-.serviceConfig.PrivateTmp: it would change nsguard-app-other.service, which confines an app, and nsguard does not judge it there; set it in the options of the other units that need it"
  ];
}
