# What is wrong with the names of capabilities that a service keeps or its unit lists.
let
  inherit (builtins)
    any
    concatMap
    concatStringsSep
    elem
    filter
    isString
    match
    replaceStrings
    toJSON
    ;
  inherit (import ../combine.nix) words;
  inherit (import ./problem.nix) named orMeant;

  # capabilities(7)
  names = map (name: "CAP_${name}") [
    "CHOWN"
    "DAC_OVERRIDE"
    "DAC_READ_SEARCH"
    "FOWNER"
    "FSETID"
    "KILL"
    "SETGID"
    "SETUID"
    "SETPCAP"
    "LINUX_IMMUTABLE"
    "NET_BIND_SERVICE"
    "NET_BROADCAST"
    "NET_ADMIN"
    "NET_RAW"
    "IPC_LOCK"
    "IPC_OWNER"
    "SYS_MODULE"
    "SYS_RAWIO"
    "SYS_CHROOT"
    "SYS_PTRACE"
    "SYS_PACCT"
    "SYS_ADMIN"
    "SYS_BOOT"
    "SYS_NICE"
    "SYS_RESOURCE"
    "SYS_TIME"
    "SYS_TTY_CONFIG"
    "MKNOD"
    "LEASE"
    "AUDIT_WRITE"
    "AUDIT_CONTROL"
    "SETFCAP"
    "MAC_OVERRIDE"
    "MAC_ADMIN"
    "SYSLOG"
    "WAKE_ALARM"
    "BLOCK_SUSPEND"
    "AUDIT_READ"
    "PERFMON"
    "BPF"
    "CHECKPOINT_RESTORE"
  ];

  # The kernel asks for these in the user namespace that owns the network namespace.
  ofNetwork = [
    "CAP_NET_ADMIN"
    "CAP_NET_BIND_SERVICE"
    "CAP_NET_BROADCAST"
    "CAP_NET_RAW"
  ];

  # There is none of this name; fix: what to do if it is no misspelt one.
  unknown =
    where: name: consequence: fix:
    let
      whole = if match "[cC][aA][pP]_.*" name == null then "CAP_${name}" else name;
    in
    {
      inherit where;
      what = "there is no capability ${toJSON name}${consequence}";
      # `orMeant` does not suggest the name itself.
      fix =
        if elem whole names then
          "did you mean ${toJSON whole}? If not, ${fix}"
        else
          orMeant whole names fix;
    };

  properties = [
    "AmbientCapabilities"
    "CapabilityBoundingSet"
  ];

  # systemd takes names in any case, and numbers; the first of a list may have a ~ in front.
  letters = match (concatStringsSep "" (builtins.genList (_: "(.)") 26));
  upper = replaceStrings (letters "abcdefghijklmnopqrstuvwxyz") (
    letters "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
  );
  plain = word: builtins.head (match "~?(.*)" word);
  sign = word: builtins.head (match "(~?).*" word);
  isRead = word: !isString word || elem (upper (plain word)) names || match "~|~?[0-9]+" word != null;
in
{
  # An unknown name is refused, and so is another spelling of a known one: systemd would take "~CAP_CHOWN" as every
  # capability but that, and "cap_setuid" would open homes that are hidden because of "CAP_SETUID".
  problems =
    name: service:
    map (
      capability:
      unknown "${named "services" name}.nsguard.capabilities" capability ""
        ''write names of capabilities(7), in capital letters, such as "CAP_CHOWN"''
    ) (filter (capability: !elem capability names) service.capabilities);

  warnings =
    name: service:
    let
      where = named "services" name;
      config = service.serviceConfig;
    in
    map (capability: {
      where = "${where}.nsguard.capabilities";
      what =
        "${capability} has no effect, because the kernel asks for it in the user namespace that owns the network,"
        + " which is the host's";
      fix =
        if capability == "CAP_NET_BIND_SERVICE" then
          "remove it; every program in the namespace may listen on ports below 1024"
        else
          "remove it; leave the service unconfined if it sets up networks or reads packets";
    }) (filter (capability: elem capability ofNetwork) service.capabilities)
    ++ concatMap (
      property:
      map (
        word:
        unknown "${where}.serviceConfig.${property}" (plain word) ", so systemd ignores it" "remove it"
      ) (filter (word: !isRead word) (words (config.${property} or null)))
    ) properties;

  # A service with the names only that systemd reads.
  read =
    service:
    let
      config = service.serviceConfig;
      present = filter (
        property: any (word: !isRead word) (words (config.${property} or null))
      ) properties;
    in
    service
    // {
      serviceConfig =
        config
        // builtins.listToAttrs (
          map (property: {
            name = property;
            value = map (word: if isRead word then word else sign word) (words config.${property});
          }) present
        );
    };
}
