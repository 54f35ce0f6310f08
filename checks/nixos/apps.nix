# Apps and commands: the harness's scenarios of both in NixOS's options, and an app that reports what it sees.
{ config, lib, ... }:
let
  inherit (import ../eval/nixos.nix { inherit lib; }) moduleOf;
  apps = import ../../harness/scenarios/apps.nix;
  commands = import ../../harness/scenarios/run-hidden.nix;

  # Writes its user, its links and the answer of a web page to a file in its home directory.
  telling =
    more:
    {
      namespace = "vpn";
      user = "alice";
      command = "/bin/sh";
      args = [
        "-c"
        ''{ id -un; ip -o link; curl -s -m 20 "$1"; } >$HOME/found.new 2>&1; mv $HOME/found.new $HOME/found''
        "tell"
      ];
      environment.PATH = "/usr/bin";
    }
    // more;
in
{
  imports = [
    ./machine.nix
    (moduleOf {
      inherit (apps) apps;
      services = { inherit (apps.services) session-bus; };
    })
  ];

  nsguard.namespaces.vpn = {
    inherit (commands.namespaces.vpn) users homes;
  };
  nsguard.apps = {
    look = telling { };
    look-boxed = telling { sandbox.enable = true; };
  };

  # The attacker as a command that www-data starts.
  systemd.services.app-run =
    let
      nsguard = lib.getExe config.nsguard.package;
      python = "/usr/bin/python3 -m nsguard_harness.inside";
    in
    {
      wantedBy = [ "multi-user.target" ];
      serviceConfig = {
        ExecStart = "${python}.through /run/nsguard-agent-app-run/socket ${nsguard} run vpn -E PYTHONPATH -- ${python}.agent -";
        Environment = "PYTHONPATH=/usr/lib/nsguard-harness";
        RuntimeDirectory = "nsguard-agent-app-run";
        Type = "notify";
        User = "www-data";
        Group = "www-data";
      };
    };

  users.users.www-data.uid = lib.mkForce 33;
}
