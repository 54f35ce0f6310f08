# Nothing defines an app's user, so its uid is unknown: the message names the nearest user that is defined.
{
  specification = {
    inherit (import ../vpn.nix) tunnels namespaces;
    accounts.alicia = {
      home = "/home/alicia";
      person = true;
      uid = 1000;
    };
    apps.browser = {
      namespace = "vpn";
      command = "/bin/browser";
      user = "alicai";
      gui.wayland = true;
    };
  };
  messages = [
    ''nsguard.apps.browser.uid: the sockets of the session are found by the uid of "alicai", which is not known; did you mean "alicia"? If not, set users.users.alicai.uid, or uid''
  ];
}
