# A unit that joins a confined one: systemd shares the namespaces of both, whichever names the other.
let
  unit = more: { serviceConfig.ExecStart = "/bin/app"; } // more;
  joining = names: unit { unitConfig.JoinsNamespaceOf = names; };
in
{
  module = {
    nsguard = { inherit (import ../vpn.nix) tunnels namespaces; };
    systemd.services = {
      app = unit { nsguard.namespace = "vpn"; };
      "web@" = unit { nsguard.namespace = "vpn"; };
      free = unit { };
      one = joining "app.service free.service";
      two = joining [
        "free.service"
        "web@one.service"
      ];
      three = joining "free.service";
    };
  };
  messages = [
    "systemd.services.one.unitConfig.JoinsNamespaceOf: app.service is confined, and the two would share their /tmp and other namespaces; remove it (systemd.services.one.unitConfig.JoinsNamespaceOf = lib.mkForce [ ]; where a module sets it)"
    "systemd.services.two.unitConfig.JoinsNamespaceOf: web@one.service is confined, and the two would share their /tmp and other namespaces; remove it (systemd.services.two.unitConfig.JoinsNamespaceOf = lib.mkForce [ ]; where a module sets it)"
  ];
}
