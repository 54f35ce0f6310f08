# Forwarded ports that nothing in the namespace takes -> warnings, in the form of problems. They are not refused: the
# program may run under another name.
#
# known: names of the configuration's services
{
  names,
  namespaces,
  services,
  apps,
  known,
}:
let
  inherit (builtins)
    any
    attrNames
    filter
    head
    isString
    length
    match
    split
    ;
  inherit (import ../combine.nix) commands toList;
  inherit (import ./problem.nix) named;

  # For each client the start of its units' names and a part of its commands (regular expressions), and the option of
  # NixOS that enables it. Deluge's port is set through its web page, so the web page's unit counts.
  programs = {
    deluge = {
      unit = "deluge-?web";
      command = "deluge-web";
      option = "services.deluge.web";
    };
    qbittorrent = unitOf "qbittorrent";
    rtorrent = unitOf "rtorrent";
    slskd = unitOf "slskd";
    transmission = unitOf "transmission";
  };
  unitOf = client: {
    unit = client;
    command = client;
    option = "services.${client}";
  };

  # With `match`, the length of a script would be limited by the stack.
  contains = pattern: text: isString text && length (split pattern text) > 1;

  ofNamespace =
    name:
    let
      ns = namespaces.${name};
      inherit (ns.portForwarding) client;
      program = programs.${client};
      isNamed = service: match "${program.unit}.*" service != null;

      texts =
        service:
        builtins.concatMap (property: toList (service.serviceConfig.${property} or null)) commands
        ++ service.scripts or [ ];
      runs = service: any (contains program.command) (texts service);
      confined = filter (service: services.${service}.namespace == name) (attrNames services);
      inside =
        any (service: isNamed service || runs services.${service}) confined
        || any (
          app:
          apps.${app}.namespace == name
          && (isNamed app || contains program.command (toString apps.${app}.command))
        ) (attrNames apps);

      outside = filter isNamed known;
    in
    if inside then
      [ ]
    else if outside != [ ] then
      [
        {
          where = "nsguard.namespaces.${name}.portForwarding.client";
          what = "${head outside}.service is not confined to this namespace, so it does not get the port";
          fix = ''set ${named "services" (head outside)}.nsguard.namespace = "${name}";'';
        }
      ]
    else
      [
        {
          # Its users may start the program by hand.
          when = !names.runs ns;
          where = "nsguard.namespaces.${name}.portForwarding.client";
          what = "no service and no app in this namespace runs ${program.command}, so nothing takes the port";
          fix =
            "enable ${program.option}, and confine the service that runs it with"
            + " systemd.services.<name>.nsguard.namespace; or ignore this if it runs under another name";
        }
      ];

  asked =
    name:
    let
      forwarding = namespaces.${name}.portForwarding;
    in
    # A client that does not exist is a problem of its own.
    forwarding.enable && programs ? ${toString forwarding.client};
in
builtins.concatMap ofNamespace (filter asked (attrNames namespaces))
