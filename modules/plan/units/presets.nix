# Apps that many people confine: what each needs beside a namespace and a person.
#   package  its name in nixpkgs
#   app      by its name, options of nsguard.apps.<name>, each of which gives way to what is said there
let
  inherit (import ../names.nix) appBusPart;

  # No X server: there the app could type into other windows. No sound: a client can make the person's PipeWire load a
  # library of the client's, which then runs outside.
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
        # There is no key ring on its bus, and asking to be the default browser is for one outside.
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
      # It finds the one that runs by a name on the bus, after this variable: no other Firefox of the person has that.
      environment.MOZ_DBUS_APP_NAME = appBusPart name;
      dbus.session = notifications // {
        own = [ "org.mozilla.${appBusPart name}.*" ];
      };
    };
  };

  # It ends where it can't have its name, which only numbers of a directory tell from that of one outside.
  transmission = client "transmission_4-gtk" { access = "private"; };
  qbittorrent = client "qbittorrent" notifications;
}
