# What a service needs and the protections took away: its own binds and runtime directory, what it was granted, the
# namespace's files.
{ accounts, names }:
let
  inherit (builtins) match;
  inherit (import ../combine.nix) append toList words;

  # Directories of devices are allowed by the names that their drivers have (systemd.resource-control(5), DeviceAllow=).
  deviceClass =
    path:
    let
      under = directory: match "${directory}(/.*)?" path != null;
    in
    if under "/dev/dri" then
      "char-drm"
    else if under "/dev/snd" then
      "char-alsa"
    else if under "/dev/bus/usb" then
      "char-usb_device"
    else
      path;
in
# the record that ./default.nix takes -> properties
{
  namespace,
  serviceConfig,
  bindPaths ? [ ],
  bindReadOnlyPaths ? [ ],
  devices ? [ ],
  ...
}:
{
  DeviceAllow =
    own: if devices == [ ] then own else append (map (path: "${deviceClass path} rw") devices) own;
  BindReadOnlyPaths =
    own:
    toList own
    ++ bindReadOnlyPaths
    ++ names.sockets
    ++ accounts.binds serviceConfig
    ++ [
      "${names.state namespace}/inside:/run/nsguard"
      "-/run/current-system"
      "-/run/opengl-driver"
    ];
  TemporaryFileSystem =
    own:
    let
      directory = accounts.directory serviceConfig;
    in
    if directory == [ ] then own else append directory own;
  # Below /run it is an empty directory for what the unit binds into it, and systemd lays no /etc over a root that
  # is no whole system. All that would be bound is in its place as well.
  RootDirectory = own: if match "/run/.*" (toString own) == null then own else null;
  BindPaths =
    own:
    toList own
    ++ bindPaths
    ++ map (path: "-${path}") devices
    ++ map (dir: "/run/${dir}") (words (serviceConfig.RuntimeDirectory or null));
}
