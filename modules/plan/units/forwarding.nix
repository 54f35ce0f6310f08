# The units that keep a port of the tunnel's far end open, and pass its number to programs inside.
{
  tools,
  names,
  confine,
}:
{ name, portForwarding }:
let
  inherit (portForwarding)
    client
    clientCredentialsFile
    clientUrl
    credentials
    enable
    onChange
    user
    ;

  tunnel = names.tunnelUnit name;
  # A script opens the port. The unit closes it when it stops, and watches the port's listeners if there is a command to
  # run.
  scripted = portForwarding.protocol == "script";
  watched = !scripted || commands != [ ];
  close = "${tools.nsguard} forward close ${name}";

  urls = {
    qbittorrent = "http://127.0.0.1:8080";
    transmission = "http://127.0.0.1:9091/transmission/rpc";
    slskd = "http://127.0.0.1:5030";
    deluge = "http://127.0.0.1:8112";
    rtorrent = "scgi://127.0.0.1:5000";
  };
  url = if clientUrl == null then urls.${client} else clientUrl;

  # `%` begins a specifier in a unit (systemd.unit(5)).
  secret = name: file: "${name}:${builtins.replaceStrings [ "%" ] [ "%%" ] (toString file)}";
  secrets =
    (if clientCredentialsFile == null then [ ] else [ (secret "client" clientCredentialsFile) ])
    ++ builtins.attrValues (builtins.mapAttrs secret credentials);

  commands =
    (if client == null then [ ] else [ "${tools.nsguard} listen-port ${client} ${url}" ])
    ++ (if onChange == null then [ ] else [ onChange ]);
in
if !enable then
  { }
else
  {
    ${names.forwardUnit name} = {
      unitConfig = {
        Description = "Forwarded port of network namespace ${name}";
        BindsTo = [ tunnel ];
        After = [ tunnel ];
        StartLimitIntervalSec = 0;
        X-Restart-Triggers = builtins.hashString "sha256" (builtins.toJSON portForwarding);
      };
      serviceConfig = import ./runtime.nix // {
        # Units that start after this one may open a port at once, so a port that was left open is closed before.
        ExecStartPre = if scripted && watched then close else null;
        ExecStart = if watched then "${tools.nsguard} forward run ${name}" else close;
        # Also runs after the process was killed. A port also closes by itself when its lifetime ends.
        ExecStopPost = close;
        Restart = "on-failure";
        RestartSec = 5;
        RestartPreventExitStatus = 2;
        Type = if watched then "simple" else "oneshot";
        RemainAfterExit = !watched;
        # It enters the namespace, and fills a set of its rules.
        CapabilityBoundingSet = "CAP_SYS_ADMIN CAP_NET_ADMIN CAP_SYS_PTRACE";
        NoNewPrivileges = true;
        ProtectSystem = "strict";
        ReadWritePaths = "/run/nsguard";
        # The last ports given to programs inside, which may listen on them again after a reboot.
        StateDirectory = "nsguard/forwarded";
        ProtectHome = true;
        PrivateTmp = true;
        RestrictAddressFamilies = "AF_UNIX AF_INET AF_NETLINK";
        SystemCallArchitectures = "native";
      };
      # With this, a switch starts it. When the tunnel starts, the tunnel's unit starts it.
      wantedBy = [ "multi-user.target" ];
    };
  }
  // (
    if commands == [ ] then
      { }
    else
      {
        ${names.forwardedUnit name} = confine {
          unit = names.forwardedUnit name;
          namespace = name;
          capabilities = [ ];
          unitConfig = {
            Description = "What is done in network namespace ${name} when the forwarded port changes";
            StartLimitIntervalSec = 0;
          };
          serviceConfig = {
            Type = "oneshot";
            # The variables are absent when there is no port.
            Environment = "PATH=/run/current-system/sw/bin:/usr/local/bin:/usr/bin:/bin";
            EnvironmentFile = "-${names.state name}/inside/forwarded";
            ExecStart = commands;
            TimeoutStartSec = 120;
          }
          // (if user == null then { DynamicUser = true; } else { User = user; })
          // (if secrets == [ ] then { } else { LoadCredential = secrets; });
        };
      }
  )
