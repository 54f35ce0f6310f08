# Programs as paths of the labs' machines, for plans that are evaluated and not built.
{
  nsguard = "/usr/bin/nsguard";
  nsguard-init = "/usr/bin/nsguard-init";
  wireguard-go = "/usr/bin/wireguard-go";
  amneziawg-go = "/usr/bin/amneziawg-go";
  bubblewrap = "/usr/bin/bwrap";
  systemd-socket-proxyd = "/usr/lib/systemd/systemd-socket-proxyd";
  xdg-dbus-proxy = "/usr/bin/xdg-dbus-proxy";
  dbus-daemon = "/usr/bin/dbus-daemon";
}
