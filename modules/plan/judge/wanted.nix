# What the plan requires of a confined service, in the form of the judge: `want` of ./default.nix.
{ tools, names }:
let
  inherit (builtins) attrNames;
  inherit (import ../combine.nix) unique;
  loosenings = import ../confinement/loosenings.nix;

  ofNamespace = namespace: {
    netns = names.netns namespace;
    netnsUnit = names.netnsUnit namespace;
    front = tools.nsguard-init;
    verified = "--netns=${namespace}";
  };
in
{
  service =
    service:
    let
      inherit (service) namespace;
      hardening = service.hardening or { };
    in
    ofNamespace namespace
    // {
      inherit (service) capabilities;
      terminals = names.terminals namespace;
      confext = names.confext namespace (service.serviceConfig or { });
      passed = [ "${names.notifySocket}:${names.notifyDescriptor}" ];
      ours =
        names.sockets
        ++ service.bindReadOnlyPaths or [ ]
        ++ [
          "${names.state namespace}/inside:/run/nsguard"
          (names.terminals namespace)
        ];
      bindPaths = service.bindPaths or [ ];
      devices = service.devices or [ ];
      homes = unique (service.homes.hidden or [ ] ++ service.homes.people or [ ]);
      loosened =
        service.loosened or [ ]
        ++ builtins.concatMap (name: loosenings.${name}.without) (
          builtins.filter (name: !hardening.${name}) (attrNames hardening)
        );
      privileged = service.allowPrivilegedCommands or false;
      sockets = map (name: "${name}.socket") (attrNames (service.sockets or { }));
      complete = !(service.packaged or false);
    };

  socket = ofNamespace;
}
