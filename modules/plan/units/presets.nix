# Presets: apps that many people confine, and what each needs besides a namespace and a user.
#   package  its name in nixpkgs
#   app      the app's name -> defaults of its options in nsguard.apps.<name>
let
  inherit (import ../names.nix) appBusPart;

  # No X server, because the app could type into other windows. No sound, because a client can make the user's PipeWire
  # load a library of the client, which then runs outside.
  windows = {
    wayland = true;
    gpu = true;
  };

  notifications = {
    access = "filtered";
    talk = [ "org.freedesktop.Notifications" ];
  };

  chromium = package: {
    inherit package;
    app = _: {
      args = [
        # Its bus has no key ring, and only a browser outside should become the default browser.
        "--password-store=basic"
        "--no-default-browser-check"
        "--ozone-platform-hint=auto"
      ];
      gui = windows;
      dbus.session = notifications;
    };
  };

  client = package: session: {
    inherit package;
    app = _: {
      gui = removeAttrs windows [ "gpu" ];
      dbus.session = session;
    };
  };
in
{
  brave = chromium "brave";
  chromium = chromium "chromium";

  firefox = {
    package = "firefox";
    app = name: {
      gui = windows;
      # Firefox finds its running instance by a name on the bus that contains this variable. No other Firefox has it.
      environment.MOZ_DBUS_APP_NAME = appBusPart name;
      dbus.session = notifications // {
        own = [ "org.mozilla.${appBusPart name}.*" ];
      };
    };
  };

  # Transmission exits if it cannot own its name on the bus. Its name differs from that of an instance outside only in
  # the numbers of a directory.
  transmission = client "transmission_4-gtk" { access = "private"; };
  qbittorrent = client "qbittorrent" notifications;
}
