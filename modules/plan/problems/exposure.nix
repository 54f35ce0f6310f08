# What a unit's own properties would open: paths of the host, images, sessions, sockets with a path.
let
  inherit (builtins)
    concatMap
    elem
    filter
    head
    isString
    match
    split
    substring
    toJSON
    ;
  inherit (import ../combine.nix)
    isRoot
    toList
    words
    yes
    ;
  binds = import ../confinement/binds.nix;
  paths = import ../confinement/paths.nix;

  optional = condition: message: if condition then [ message ] else [ ];

  reopens =
    where: path:
    "${where}: binding ${toJSON path} would open a way to daemons of the host that work outside the namespace; remove it";

  unclear =
    where: path:
    "${where}: ${toJSON path} cannot be read with certainty; write absolute paths without quotes, backslashes and \"..\"";

  bound =
    where: service: property:
    let
      sorted = binds.sorted service (service.serviceConfig.${property} or null);
    in
    map (reopens where) (sorted.refused or [ ]) ++ map (unclear where) (sorted.unclear or [ ]);

  opened =
    where: service:
    map (reopens where) (
      filter (path: binds.verdictOf service path != "kept") (
        map toString (words (service.serviceConfig.OpenFile or null))
      )
    );

  afterColon = entry: head (match "[^:]*:?(.*)" entry);

  # Files that systemd reads for the service, or writes to: those that tell of the host's network, or are its daemons'.
  telling =
    where: service: property: pathOf:
    map
      (
        entry:
        "${where}.${property}: ${toJSON entry} is of the host's network, or of a daemon that works outside the namespace; remove it"
      )
      (
        filter (
          entry:
          let
            path = pathOf entry;
            plain = binds.plain path;
          in
          path != ""
          && match "[/%].*" path != null
          && (match paths.replaced plain != null || match paths.reopened plain != null)
        ) (filter isString (words (service.serviceConfig.${property} or null)))
      );

  optionalDash = entry: head (match "-?(.*)" entry);
  ofStream = entry: if match "(file|append|truncate):.*" entry == null then "" else afterColon entry;

  directories =
    where: service:
    map
      (
        directory:
        "${where}.RuntimeDirectory: ${toJSON "/run/${directory}"} is the directory of a daemon of the host; name another"
      )
      (
        filter (
          directory:
          match paths.reopened (binds.plain "/run/${head (filter isString (split ":" directory))}") != null
        ) (words (service.serviceConfig.RuntimeDirectory or null))
      );

  # Root writes wherever the system is not read-only.
  writable =
    where: service:
    map
      (
        path:
        "${where}.ReadWritePaths: ${toJSON path} is the system's, which runs what is in it outside the namespace; name a directory of data"
      )
      (
        filter
          (
            path:
            let
              plain = binds.plain (head (match "[-+]*(.*)" path));
            in
            match "/(boot|etc|nix|usr)?|/(proc|sys)(/.*)?" plain != null
          )
          (
            if isRoot service.serviceConfig && service.hardening.readOnlySystem or true then
              filter isString (words (service.serviceConfig.ReadWritePaths or null))
            else
              [ ]
          )
      );

  set = config: property: toList (config.${property} or null) != [ ];

  # Another tree of files, or part of one, whatever is in it.
  images =
    where: config:
    map
      (
        property:
        "${where}.${property}: over another tree than the host's nsguard cannot lay its own /etc, so look-ups of names would follow that tree's; remove it"
      )
      (
        filter (set config) [
          "ExtensionDirectories"
          "ExtensionImages"
          "MountImages"
        ]
      );

  joined =
    where: config:
    map (property: "${where}.${property}: the service would share the namespaces of another; remove it")
      (
        filter (set config) [
          "IPCNamespacePath"
          "UserNamespacePath"
        ]
      );
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
  # where, { serviceConfig; bindPaths; devices; } -> messages
  ofBinds =
    where: service:
    concatMap (bound where service) [
      "BindPaths"
      "BindReadOnlyPaths"
    ]
    ++ opened where service;

  # where, at (its nsguard), the service -> messages
  ofService =
    where: at: service:
    let
      config = service.serviceConfig;
    in
    telling where service "EnvironmentFile" optionalDash
    ++ telling where service "LoadCredential" afterColon
    ++ telling where service "LoadCredentialEncrypted" afterColon
    ++ concatMap (stream: telling where service stream ofStream) [
      "StandardInput"
      "StandardOutput"
      "StandardError"
    ]
    ++ directories where service
    ++ writable where service
    ++ images where config
    ++ joined where config
    ++ optional (set config "PAMName") "${where}.PAMName: PAM would open a session of the host, and the processes of the service would move to that, out of the unit; remove it"
    ++
      optional (elem (config.PermissionsStartOnly or false) yes && !service.allowPrivilegedCommands)
        "${where}.PermissionsStartOnly: every command but ExecStart would run with full privileges and see the host's sockets; set it to false (lib.mkForce false where a module sets it), or accept that with ${at}.allowPrivilegedCommands = true;";

  # Addresses of a socket of systemd's by which programs of the host would reach it, as paths.
  withPath = socket: map binds.plain (addresses "[/%].*" socket);
  # Those that know no network namespace.
  ofMachine = addresses "vsock.*";
}
