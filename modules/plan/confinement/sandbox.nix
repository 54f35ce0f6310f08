# bubblewrap around an app, inside the confinement of its unit: a second layer, without privileges of its own.
# One record for each protection, as in ./default.nix; bwrap(1) defines the options, which it takes in order.
{ tools, without }:
let
  inherit (builtins) concatMap;
  inherit (import ../protections.nix { inherit without; }) kept listed;

  records = {
    processes = {
      guards = "processes outside the sandbox, the app's starter among them";
      besides = [ "property:own-processes" ];
      arguments = _: [
        "--unshare-pid"
        "--proc"
        "/proc"
      ];
    };

    ipc = {
      guards = "message queues and shared memory of other processes";
      besides = [ "property:private-ipc" ];
      arguments = _: [ "--unshare-ipc" ];
    };

    devices = {
      guards = "device nodes, and sockets in /dev/shm";
      besides = [
        "property:private-devices"
        "property:private-shared-memory"
      ];
      arguments =
        app:
        [
          "--dev"
          "/dev"
        ]
        ++ concatMap (path: [
          "--dev-bind-try"
          path
          path
        ]) app.devices;
    };

    homes = {
      guards = "control sockets, agents and start-up files in home directories";
      besides = [ "property:hidden-homes" ];
      arguments =
        app:
        concatMap
          (path: [
            "--tmpfs"
            path
          ])
          (
            [
              "/home"
              "/root"
            ]
            ++ app.homes.hidden
          );
    };

    run = {
      guards = "sockets of the host's daemons";
      besides = [ "property:private-run" ];
      arguments = _: [
        "--tmpfs"
        "/run"
      ];
    };

    tmp = {
      guards = "sockets in /tmp";
      besides = [ "property:private-tmp" ];
      arguments = _: [
        "--tmpfs"
        "/tmp"
      ];
    };
  };

  bind = option: path: [
    option
    path
    path
  ];
in
{
  # { home; runtime; devices; writable; visible; homes; } -> argv, to which the command in the sandbox is appended
  prefix =
    app:
    let
      protections = kept "sandbox" records;
    in
    [
      tools.bubblewrap
      "--unshare-user"
      "--unshare-uts"
      "--unshare-cgroup-try"
      "--hostname"
      "localhost"
      "--ro-bind"
      "/"
      "/"
    ]
    ++ concatMap (name: protections.${name}.arguments app) (builtins.attrNames protections)
    ++ concatMap (bind "--ro-bind-try") app.visible
    ++ concatMap (bind "--bind") (
      [
        app.home
        app.runtime
      ]
      ++ app.writable
    )
    ++ [
      "--chdir"
      app.home
      "--"
    ];

  protections = listed "sandbox" records;
}
