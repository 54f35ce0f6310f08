# The units of one namespace. Two lifetimes: the namespace lives as long as anything uses it,
# the tunnel in it may come, go and change while services keep running.
#
# The namespace's unit wants the sockets and paths that serve the namespace, so that they come back with it after somebody
# has stopped all units. `nsguard doctor` reports each unit in that list that is down.
{
  tools,
  names,
  dependencies,
}:
{
  name,
  spec,
  # The texts of the rulesets: a changed text must be loaded.
  rulesets,
}:
let
  netns = names.netnsUnit name;
  tunnel = names.tunnelUnit name;
  userspace = names.userspaceUnit name;
  mend = names.mendUnit name;
  refresh = names.refreshUnit name;
  rules = names.rulesUnit name;

  needs = dependencies.directives "tunnel" name;

  # A tunnel through another: its socket is in the other's namespace, and its MTU depends on the other's.
  hop =
    if spec.outer == null then
      { }
    else
      {
        BindsTo = [ (names.netnsUnit spec.outer) ];
        Wants = [ (names.tunnelUnit spec.outer) ];
        After = [
          (names.netnsUnit spec.outer)
          (names.tunnelUnit spec.outer)
        ];
        ReloadPropagatedFrom = [ (names.tunnelUnit spec.outer) ];
      };

  # The rules of a host link and those for clients of published ports are on the host.
  flushed =
    if spec.hostLink == null && rulesets.clients == null then
      { }
    else
      dependencies.directives "link" name;

  following = dependencies.directives "rules" name;

  nsguard = arguments: "${tools.nsguard} ${arguments} ${name}";

  runtime = import ./runtime.nix;

  userspaceProgram =
    {
      wireguard = tools.wireguard-go;
      amneziawg = tools.amneziawg-go;
    }
    .${spec.tunnel.type};

  # Seconds until systemd ends a command that hangs. Each of its steps has a limit of its own; all of them together take
  # long on a busy machine that boots with many namespaces, and a command that was ended begins again.
  timeLimit = 600;

  # Tried for ever, with pauses: services wait for it, and there may be nobody to reset a limit.
  untiring = {
    StartLimitIntervalSec = 0;
  };

  # Often enough to notice a silent peer soon, or as often as the lowest of the options.
  refreshSeconds = builtins.foldl' (least: s: if s > 0 && s < least then s else least) 30 (
    map (of: of.dynamicEndpointRefreshSeconds) ([ spec.tunnel ] ++ spec.tunnel.peers)
  );

  # Two sets of lists as one: lists of the same name are concatenated.
  joined = left: right: left // builtins.mapAttrs (key: value: left.${key} or [ ] ++ value) right;

  # The parts of a spec that only the tunnel's unit uses; the namespace's unit uses the rest.
  ofTunnel = [
    "fwMark"
    "outer"
    "tunnel"
  ];

  triggers = value: builtins.hashString "sha256" (builtins.toJSON value);

  # Files with keys that others create, perhaps after boot. A file that nsguard generates does not count.
  secrets = builtins.filter (file: file != null) (
    [
      spec.tunnel.configFile
      (if spec.tunnel.generatePrivateKeyFile then null else spec.tunnel.privateKeyFile)
    ]
    ++ map (peer: peer.presharedKeyFile) spec.tunnel.peers
  );

  # `%` begins a specifier in a unit (systemd.unit(5)).
  literal = builtins.replaceStrings [ "%" ] [ "%%" ];
in
(
  if secrets == [ ] then
    { }
  else
    {
      # Starts the tunnel when one of the files appears or is written. While the tunnel is up, this does nothing.
      ${names.secretsUnit name secrets} = {
        unitConfig.Description = "Key files of tunnel ${spec.tunnel.name}";
        pathConfig = {
          PathChanged = map literal secrets;
          Unit = tunnel;
          # A secret manager that writes many files must not stop the unit.
          TriggerLimitIntervalSec = 0;
        };
        wantedBy = [
          "multi-user.target"
          netns
        ];
      };
    }
)
// {
  ${netns} = {
    unitConfig =
      untiring
      // joined { After = [ "network-pre.target" ]; } flushed
      // {
        Description = "Network namespace ${name}";
        Before = [ "network.target" ];
        X-Reload-Triggers = triggers [
          (removeAttrs spec (
            ofTunnel
            ++ [
              "hostServices"
              "published"
            ]
          ))
          rulesets.namespace
          rulesets.hostLink
          rulesets.clients
        ];
      };
    serviceConfig = runtime // {
      Type = "oneshot";
      RemainAfterExit = true;
      # Removing the namespace would remove it from every service inside, so a change is applied in place.
      X-ReloadIfChanged = true;
      ExecStart = nsguard "netns up";
      ExecReload = nsguard "netns up";
      # Also runs after an `up` that was killed half-way.
      ExecStopPost = nsguard "netns down";
      TimeoutStartSec = timeLimit;
    };
  };

  ${tunnel} = {
    unitConfig =
      untiring
      // joined needs hop
      // {
        Description = "WireGuard tunnel ${spec.tunnel.name} in network namespace ${name}";
        # Also units that do not exist: a switch would restart the tunnel if this list changed.
        Wants = (joined needs hop).Wants or [ ] ++ [
          "${refresh}.timer"
          (names.forwardUnit name)
        ];
        After = (joined needs hop).After or [ ] ++ [
          "network.target"
          "nss-lookup.target"
        ];
        X-Reload-Triggers = triggers [
          (builtins.intersectAttrs (builtins.listToAttrs (
            map (name: {
              inherit name;
              value = null;
            }) ofTunnel
          )) spec)
          rulesets.host
        ];
      };
    serviceConfig = runtime // {
      Type = "oneshot";
      RemainAfterExit = true;
      # If a restart is needed, it is one step: between stop and start, services inside wait.
      X-StopIfChanged = false;
      ExecStart = nsguard "tunnel up";
      ExecReload = nsguard "tunnel reload";
      ExecStopPost = nsguard "tunnel down";
      TimeoutStartSec = timeLimit;
      # Try again if an endpoint's name does not resolve yet, but not after a bad configuration (status 2).
      Restart = "on-failure";
      RestartSec = 5;
      RestartPreventExitStatus = 2;
    };
    wantedBy = [ "multi-user.target" ];
  };

  # Required by services that wait for a peer. Each start of a service waits again.
  ${names.handshakeUnit name ""} = {
    unitConfig = untiring // {
      Description = "Handshake of tunnel ${spec.tunnel.name}";
      After = [ tunnel ];
    };
    serviceConfig = {
      Type = "oneshot";
      ExecStart = "${nsguard "wait"} %i --for %n --later ${names.latePrefix name}";
      TimeoutStartSec = "infinity"; # it ends by itself
    };
  };

  # Started for each service whose start waited in vain. Stopping the service stops this as well.
  ${names.lateUnit name} = {
    unitConfig = untiring // {
      Description = "Start of %i once tunnel ${spec.tunnel.name} answers";
      After = [ netns ];
      PartOf = [
        netns
        "%i.service"
      ];
    };
    serviceConfig = {
      # Nothing waits for it, in particular not the boot.
      Type = "exec";
      ExecStart = "${nsguard "start-late"} %i.service";
      Restart = "on-failure";
      RestartSec = 5;
      RestartPreventExitStatus = 2;
    };
  };

  # Started by `nsguard tunnel up` if the kernel has no WireGuard: a process that the tunnel's own oneshot unit starts
  # would be killed when that ends. The process stays in the host's namespace, and so does its UDP socket.
  ${userspace} = {
    unitConfig = untiring // {
      Description = "WireGuard in userspace for network namespace ${name}";
      # Not BindsTo=, which would start the namespace's unit while `nsguard tunnel up` by hand holds its lock.
      PartOf = [ netns ];
      After = [ netns ] ++ (if spec.outer == null then [ ] else [ (names.netnsUnit spec.outer) ]);
      # Its link disappears with it, and a new process knows neither keys nor peers, so the tunnel is set up again.
      OnFailure = [ mend ];
    };
    serviceConfig = {
      Type = "exec";
      Environment = "WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD=1";
      ExecStart =
        # systemd continues in the host's namespace if it may not enter another.
        (if spec.outer == null then "" else "${tools.nsguard-init} --netns=${spec.outer} ")
        + "${userspaceProgram} -f ${names.userspaceInterface name}";
    }
    // (
      if spec.outer == null then
        { }
      else
        {
          NetworkNamespacePath = names.netns spec.outer;
        }
    )
    // import ./userspace.nix {
      inherit (spec.tunnel) type;
      root = names.userspaceRoot name;
      more = if spec.outer == null then [ ] else [ "${names.state spec.outer}/inside:/run/nsguard" ];
    };
  };

  ${mend} = {
    unitConfig = untiring // {
      Description = "Make tunnel ${spec.tunnel.name} anew";
      Requisite = [ tunnel ];
      After = [ tunnel ];
    };
    serviceConfig = runtime // {
      Type = "oneshot";
      ExecStart = nsguard "tunnel reload";
      TimeoutStartSec = timeLimit;
      Restart = "on-failure";
      RestartSec = 5;
      RestartPreventExitStatus = 2;
    };
  };

  # Loads the rules on the host again, if the namespace is up.
  ${rules} = {
    unitConfig =
      untiring
      // removeAttrs following [ "WantedBy" ]
      // {
        Description = "Rules of network namespace ${name} on the host";
      };
    serviceConfig = runtime // {
      Type = "oneshot";
      ExecStart = nsguard "netns rules";
      TimeoutStartSec = timeLimit;
    };
    wantedBy = following.WantedBy or [ ];
  };

  # Looks up endpoint names again: after the configured time, or when a peer is silent.
  "${refresh}.service" = {
    unitConfig = untiring // {
      Description = "Look up the endpoints of tunnel ${spec.tunnel.name} again";
      After = [ tunnel ];
      Requisite = [ tunnel ];
      # The file exists while the tunnel has endpoints that are names; otherwise no process starts.
      ConditionPathExists = "${names.state name}/names.json";
    };
    serviceConfig = runtime // {
      Type = "oneshot";
      ExecStart = nsguard "tunnel refresh";
      TimeoutStartSec = timeLimit;
    };
  };

  "${refresh}.timer" = {
    unitConfig = {
      Description = "Look up the endpoints of tunnel ${spec.tunnel.name} regularly";
      PartOf = [ tunnel ];
      After = [ tunnel ];
    };
    timerConfig = {
      OnActiveSec = refreshSeconds;
      OnUnitActiveSec = refreshSeconds;
      AccuracySec = 1;
    };
  };
}
