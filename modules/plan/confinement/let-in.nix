# Lets back in what a service needs of the directories that protections cover: its own binds and runtime directory, what
# its options grant, and the namespace's files.
{ accounts, names }:
let
  inherit (builtins) match;
  inherit (import ../combine.nix)
    append
    isDynamic
    keepsRuntime
    toList
    words
    ;
  binds = import ./binds.nix;

  # DeviceAllow= takes a directory of devices by the name of their driver (systemd.resource-control(5)).
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
  # Services set a RootDirectory= below /run to an empty directory and bind the system into it. systemd lays no /etc
  # over a root that is not a whole system, so the setting is dropped; the binds show what their own paths show, too.
  RootDirectory = own: if match "/run/.*" (binds.plain (toString own)) == null then own else null;
  BindPaths =
    own:
    toList own
    ++ bindPaths
    ++ map (path: "-${path}") devices
    ++ (
      # systemd keeps these in /run/private, binds them from there and makes a link of the name, which no bind may have
      if isDynamic serviceConfig && keepsRuntime serviceConfig then
        [ ]
      else
        map (dir: "/run/${dir}") (words (serviceConfig.RuntimeDirectory or null))
    );
}
