# Apps that many people confine: what each needs beside a namespace and a person.
#   package  its name in nixpkgs
#   app      options of nsguard.apps.<name>, each of which gives way to what is said there
let
  # Not on an X server: there it could type into other windows.
  windows = {
    wayland = true;
    sound = "pipewire";
    gpu = true;
  };

  notifications = {
    access = "filtered";
    talk = [ "org.freedesktop.Notifications" ];
  };

  chromium = package: {
    inherit package;
    app = {
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

  client = package: {
    inherit package;
    app = {
      gui = removeAttrs windows [
        "sound"
        "gpu"
      ];
      dbus.session = notifications;
    };
  };
in
{
  brave = chromium "brave";
  chromium = chromium "chromium";

  firefox = {
    package = "firefox";
    app = {
      gui = windows;
      dbus.session = notifications;
    };
  };

  transmission = client "transmission_4-gtk";
  qbittorrent = client "qbittorrent";
}
