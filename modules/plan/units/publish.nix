# Ports in a namespace that are published outside of it: sockets of the host's, and a process inside that passes on what
# comes over them. No packet passes, so there is no route between the two.
{
  tools,
  names,
  dependencies,
  confine,
}:
# { name, publish } of a namespace -> { units; openPorts; }
{ name, publish }:
let
  inherit (builtins)
    attrNames
    attrValues
    concatMap
    filter
    foldl'
    ;
  inherit (import ../network/listen.nix) parse;

  netns = names.netnsUnit name;

  # The namespace's unit lays the rules for clients: where it is not up, nobody may be let in without them.
  ruled = {
    BindsTo = [ netns ];
    After = [ netns ];
    # It comes after what comes after sockets.target.
    DefaultDependencies = false;
    Conflicts = [ "shutdown.target" ];
    Before = [ "shutdown.target" ];
  };

  socket = published: it: {
    unitConfig = {
      Description = "Published port ${published} of network namespace ${name}";
    }
    // (if it.from == null then { } else ruled);
    socketConfig = {
      ListenStream = it.listen;
      # An address of the network's may come later, or go and come back.
      FreeBind = true;
      BindIPv6Only = "ipv6-only";
      SocketMode = it.mode;
      SocketGroup = it.group;
      RemoveOnStop = true;
      # So that a client that is gone does not keep the process there for ever.
      KeepAlive = true;
      # Where the namespace does not come up a client is refused, and not tried for again and again.
      FlushPending = true;
      TriggerLimitIntervalSec = 0;
    };
    wantedBy =
      if it.from == null then
        [ "sockets.target" ]
      else
        [
          "multi-user.target"
          netns
        ];
  };

  # It has sockets of the host's, and what the service answers passes through it: it is confined as the service is.
  service =
    published: it:
    let
      unit = names.publishUnit name published it;
      own = dependencies.directives "publish" name;
      confined = confine {
        namespace = name;
        capabilities = [ ];
        unitConfig = { };
        serviceConfig = import ./proxy.nix // {
          # It does not know an address in brackets.
          ExecStart = "${tools.systemd-socket-proxyd} --exit-idle-time=5min 127.0.0.1:${toString it.port}";
          IPAddressAllow = "127.0.0.1";
          IPAddressDeny = "any";
          RestrictAddressFamilies = "AF_INET AF_UNIX";
        };
      };
    in
    {
      inherit (confined) serviceConfig;
      # The tunnel need not be up, as a service needs it.
      unitConfig = own // {
        Description = "Connections to published port ${published} of network namespace ${name}";
        BindsTo = own.BindsTo or [ ] ++ [ "${unit}.socket" ];
        After = own.After or [ ] ++ [ "${unit}.socket" ];
        StartLimitIntervalSec = 0;
      };
    };

  units =
    published:
    let
      it = publish.${published};
      unit = names.publishUnit name published it;
    in
    {
      "${unit}.socket" = socket published it;
      "${unit}.service" = service published it;
    };

  outside = at: at.family != "unix" && !at.loopback;
in
{
  units = foldl' (all: each: all // each) { } (map units (attrNames publish));

  # Of those that the host's firewall is to let in.
  openPorts = concatMap (it: map (at: at.ports.from) (filter outside (map parse it.listen))) (
    filter (it: it.openFirewall) (attrValues publish)
  );
}
