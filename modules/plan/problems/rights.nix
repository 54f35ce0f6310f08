# Rights that a confined service requests and cannot get -> warnings, in the form of problems
let
  inherit (builtins)
    elem
    filter
    head
    isString
    match
    ;
  inherit (import ../combine.nix) unique words;
  inherit (import ./problem.nix) named;
  inherit (import ./sentences.nix)
    is
    it
    list
    sentence
    ;
  machineWideNames = import ./machine-wide.nix;

  # Capabilities that a module asks for. In a namespace, every program may listen on ports below 1024.
  ofCapabilities =
    name: service:
    let
      where = named "services" name;
      config = service.serviceConfig;
      asked =
        property:
        let
          listed = words (config.${property} or null);
          inverted = listed != [ ] && match "~.*" (toString (head listed)) != null;
        in
        if inverted then [ ] else filter (c: isString c && match "CAP_.*" c != null) listed;
      lost = filter (c: c != "CAP_NET_BIND_SERVICE" && !elem c service.capabilities) (
        unique (asked "AmbientCapabilities" ++ asked "CapabilityBoundingSet")
      );
      ofNetwork = filter (
        c:
        elem c [
          "CAP_NET_ADMIN"
          "CAP_NET_RAW"
        ]
      ) lost;
      machineWide = filter (c: elem c machineWideNames) lost;
      others = filter (c: !elem c (ofNetwork ++ machineWide)) lost;
      # An option is written once: the line that gives some back confirms the others as well.
      confirmed = service.capabilities ++ machineWide;
      instead = if machineWide == [ ] then "" else "instead ";
    in
    [
      {
        when = ofNetwork != [ ];
        inherit where;
        what =
          "${sentence ofNetwork} ${is ofNetwork} taken away and no option gives ${it ofNetwork} back,"
          + " so a service that sets up networks or reads packets does not work in a namespace";
        fix = "leave it unconfined if it needs that";
      }
      {
        when = machineWide != [ ];
        inherit where;
        what =
          "${sentence machineWide} ${is machineWide} taken away and would have no effect outside the service's user namespace,"
          + " because the kernel checks ${it machineWide} for the whole machine";
        fix =
          "most services work without ${it machineWide};"
          + " to confirm that, set ${where}.nsguard.capabilities = ${list confirmed};";
      }
      {
        when = others != [ ];
        inherit where;
        what = "${sentence others} ${is others} taken away";
        fix =
          "if the service needs ${it others},"
          + " set ${instead}${where}.nsguard.capabilities = ${list (confirmed ++ others)};";
      }
    ];

  # Capabilities to become another user, which systemd takes from some services.
  ofUser =
    name: service:
    let
      where = named "services" name;
      user = toString (service.serviceConfig.User or "");
      becomes = filter (
        c:
        elem c [
          "CAP_SETUID"
          "CAP_SETGID"
        ]
      ) service.capabilities;
      namesRoot = elem user [
        "root"
        "0"
      ];
      deniesGroups = elem "CAP_SETGID" becomes && service.systemdVersion or 258 < 258;
    in
    [
      {
        when = becomes != [ ] && namesRoot;
        where = "${where}.serviceConfig.User";
        what = "with User = \"root\", systemd takes ${sentence becomes} from the service despite nsguard.capabilities";
        fix = "remove the user: ${where}.serviceConfig.User = lib.mkForce null;";
      }
      {
        when = deniesGroups && !namesRoot;
        inherit where;
        what =
          "systemd before 258 denies setgroups(2) to a service in a user namespace,"
          + " so a daemon that starts as root and becomes another user fails";
        fix = "let systemd start it as that user: ${where}.serviceConfig.User = \"…\";";
      }
    ];
in
name: service: ofCapabilities name service ++ ofUser name service
