# What a unit's own properties would open: paths of the host, images, sessions, sockets with a path -> problems
let
  inherit (builtins)
    concatMap
    filter
    head
    isString
    match
    toJSON
    ;
  inherit (import ../combine.nix)
    no
    toList
    words
    yes
    ;
  inherit (import ./problem.nix)
    ofDaemons
    removed
    sharing
    unclear
    ;
  written = import ./written.nix;
  binds = import ../confinement/binds.nix;
  paths = import ../confinement/paths.nix;

  isSet = config: property: toList (config.${property} or null) != [ ];
  strings = value: filter isString (words value);

  # Paths that the unit binds.
  bound =
    { where, service, ... }@unit:
    property:
    let
      sorted = binds.sorted service (service.serviceConfig.${property} or null);
    in
    map (ofDaemons where) (sorted.refused or [ ])
    ++ (if property == "BindPaths" then concatMap (written.ofBind unit) (sorted.kept or [ ]) else [ ])
    ++ map (unclear where) (sorted.unclear or [ ]);

  # Files that systemd opens for the service, "path:name:options": to write, unless an option denies it.
  opened =
    { where, service, ... }@unit:
    concatMap (
      entry:
      let
        verdict = binds.verdictOf service entry;
      in
      if verdict == "unclear" then
        [ (unclear "${where}.OpenFile" entry) ]
      else if verdict != "kept" then
        [ (ofDaemons where entry) ]
      else if match "[^:]*:[^:]*:(.*,)?read-only(,.*)?" entry != null then
        [ ]
      else
        written.ofOpened unit "OpenFile" entry (binds.read entry).from
    ) (map toString (words (service.serviceConfig.OpenFile or null)));

  isPrefix = text: whole: builtins.substring 0 (builtins.stringLength text) whole == text;

  # EnvironmentFile= takes a pattern, glob(7), which may match a path that `passed` refuses.
  matching =
    { where, service, ... }:
    map (
      entry:
      let
        parts = match "([^*?[{]*/)([^/*?[{]*)[*?[{].*" (afterDash entry);
        known = builtins.elemAt parts 1;
        mayBegin = name: isPrefix name known || isPrefix known name;
      in
      {
        when = parts != null && builtins.any mayBegin (paths.leading.${binds.plain (head parts)} or [ ]);
        where = "${where}.EnvironmentFile";
        what = "${toJSON entry} may match files of the host's network or of a daemon outside the namespace";
        fix = "write the path without *, ?, [ and {, or use these only in a directory of the service's own";
      }
    ) (strings (service.serviceConfig.EnvironmentFile or null));

  # Files that systemd reads for the service, or writes to.
  passed =
    {
      where,
      options,
      service,
      ...
    }:
    property: pathOf:
    map (
      entry:
      let
        path = pathOf entry;
        plain = binds.plain path;
        isDevice = match "/dev/.+" plain != null && match paths.harmless plain == null;
        isPath = match "[/%].*" path != null;
        isReplaced = match paths.replaced plain != null || match paths.reopened plain != null;
        grant =
          if service ? devices then ", or grant it with ${options}.devices = [ ${toJSON plain} ];" else "";
      in
      {
        where = "${where}.${property}";
      }
      // (
        if isReplaced then
          {
            when = isPath;
            what = "${toJSON entry} belongs to the host's network or to a daemon outside the namespace";
            fix = "remove it";
          }
        else
          {
            when = isPath && isDevice && !isGranted service plain;
            what = "${toJSON entry} is a device of the host";
            fix = "remove it${grant}";
          }
      )
    ) (strings (service.serviceConfig.${property} or null));

  afterColon = entry: head (match "[^:]*:?(.*)" entry);
  afterDash = entry: head (match "-?(.*)" entry);
  ofStream = entry: if match "(file|append|truncate):.*" entry == null then "" else afterColon entry;

  isGranted = service: binds.grants (service.devices or [ ]);

  # Standard input and output at a terminal of the host, or in a file of it.
  streams =
    { where, service, ... }@unit:
    concatMap
      (
        stream:
        let
          config = service.serviceConfig;
          terminal = binds.plain (toString (config.TTYPath or ""));
          isTerminal =
            entry:
            match ".*[+]console" entry != null
            || match "tty(-.*)?" entry != null && !isGranted service terminal;
          values = strings (config.${stream} or null);
        in
        passed unit stream ofStream
        ++ map (entry: {
          where = "${where}.${stream}";
          what = "${toJSON entry} is a terminal of the host, from which the service would read or to which it would write";
          fix = "set ${where}.${stream} = lib.mkForce ${
            toJSON (if stream == "StandardInput" then "null" else "journal")
          };";
        }) (filter isTerminal values)
        ++ concatMap (
          entry:
          if stream == "StandardInput" || ofStream entry == "" then
            [ ]
          else
            written.ofOpened unit stream entry (binds.plain (ofStream entry))
        ) values
      )
      [
        "StandardInput"
        "StandardOutput"
        "StandardError"
      ];

  # Directories that systemd makes for the service, and shows to it, and links to them on the host, "directory:link".
  # parents: property -> where it makes them.
  parents = {
    ConfigurationDirectory = "/etc";
    RuntimeDirectory = "/run";
    StateDirectory = "/var/lib";
    LogsDirectory = "/var/log";
  };
  directories =
    where: at: service:
    concatMap (
      property:
      map (
        name:
        let
          path = "${parents.${property}}/${name}";
          plain = binds.plain path;
          isDaemons = match paths.reopened plain != null;
        in
        {
          when = isDaemons || plain == parents.${property} || written.isStarted plain;
          where = "${where}.${property}";
          what =
            if isDaemons then
              "${toJSON path} is the directory of a daemon of the host"
            else
              "${toJSON path} is a system path, and programs outside the namespace run files in it";
          fix =
            "choose another name"
            + (
              if service ? hardening then
                ", or, if the service is ${if isDaemons then "that daemon" else "a part of the system"},"
                + " leave it unconfined: ${at}.namespace = lib.mkForce null;"
              else
                ""
            );
        }
      ) (concatMap named (words (service.serviceConfig.${property} or null)))
    ) (builtins.attrNames parents);
  # The directory and the link; options may follow.
  named =
    entry:
    let
      parts = match "([^:]*)(:([^:]*))?.*" entry;
    in
    filter
      (
        name:
        !builtins.elem name [
          null
          ""
        ]
      )
      [
        (head parts)
        (builtins.elemAt parts 2)
      ];

  # Properties that mount another tree of files, or a part of one, whatever is in it.
  images =
    where: config:
    map
      (property: {
        when = isSet config property;
        where = "${where}.${property}";
        what = "nsguard cannot replace /etc in another tree of files, so names would be looked up as that tree says";
        fix = removed "${where}.${property}";
      })
      [
        "ExtensionDirectories"
        "ExtensionImages"
        "MountImages"
        "RootImage"
        "RootMStack"
      ];

  joined =
    where: config:
    map (property: sharing "${where}.${property}" // { when = isSet config property; }) [
      "IPCNamespacePath"
      "UserNamespacePath"
    ];

  # The service would own its mount namespace or its process numbers (systemd.exec(5), DelegateNamespaces=).
  delegated = where: config: {
    when = filter (type: !builtins.elem type no) (words (config.DelegateNamespaces or null)) != [ ];
    where = "${where}.DelegateNamespaces";
    what = "the service would own namespaces that confine it, and could change what is mounted there";
    fix = removed "${where}.DelegateNamespaces";
  };

  # What systemd would hand to the service of the kernel (systemd.exec(5), BPFDelegateCommands=; systemd.service(5),
  # LUOSession=). With a token for BPF, capabilities count that the kernel otherwise checks for the whole machine.
  ofKernel =
    where: config:
    map
      (property: {
        when = words (config.${property} or null) != [ ];
        where = "${where}.${property}";
        what =
          if property == "LUOSession" then
            "what the service keeps across a kexec would come back to it outside the namespace that made it"
          else
            "the service could load programs into the kernel, which see the whole machine's packets and processes";
        fix = removed "${where}.${property}";
      })
      [
        "BPFDelegateAttachments"
        "BPFDelegateCommands"
        "BPFDelegateMaps"
        "BPFDelegatePrograms"
        "LUOSession"
      ];

  addresses =
    pattern: socket:
    filter (address: isString address && match pattern address != null) (
      concatMap (kind: toList (socket.socketConfig.${kind} or null)) [
        "ListenStream"
        "ListenDatagram"
        "ListenSequentialPacket"
      ]
    );
in
{
  # unit: as in ./written.nix -> problems
  ofService =
    {
      where,
      options,
      service,
      ...
    }@unit:
    let
      config = service.serviceConfig;
    in
    concatMap (bound unit) [
      "BindPaths"
      "BindReadOnlyPaths"
    ]
    ++ opened unit
    ++ passed unit "EnvironmentFile" afterDash
    ++ matching unit
    ++ passed unit "LoadCredential" afterColon
    ++ passed unit "LoadCredentialEncrypted" afterColon
    ++ streams unit
    ++ directories where options service
    ++ written.ofReadWritePaths unit
    ++ images where config
    ++ joined where config
    ++ ofKernel where config
    ++ [
      (delegated where config)
      {
        when = isSet config "PAMName";
        where = "${where}.PAMName";
        what = "PAM would open a session on the host and move the service's processes out of the unit into it";
        fix = removed "${where}.PAMName";
      }
      {
        when =
          builtins.elem (config.PermissionsStartOnly or false) yes
          && !service.allowPrivilegedCommands or false;
        where = "${where}.PermissionsStartOnly";
        what = "every command but ExecStart would run with full privileges and see the host's sockets";
        fix =
          "set it to false (lib.mkForce false where a module sets it)"
          + (
            if service ? allowPrivilegedCommands then
              ", or accept that with ${options}.allowPrivilegedCommands = true;"
            else
              ""
          );
      }
    ];

  # Paths that a systemd socket listens on, by which programs of the host would reach the service.
  withPath = socket: map binds.plain (addresses "[/%].*" socket);
  # Its addresses in an address family that has no network namespaces.
  ofMachine = addresses "vsock.*";
  # The host's files, devices and message queues that systemd opens for it (systemd.socket(5)).
  opened =
    socket:
    concatMap
      (
        property:
        map (value: { inherit property value; }) (toList (socket.socketConfig.${property} or null))
      )
      [
        "ListenFIFO"
        "ListenMessageQueue"
        "ListenSpecial"
        "ListenUSBFunction"
      ];
}
