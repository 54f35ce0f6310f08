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
      continued.unitConfig.Description = "x \\\n # a comment\nJoinsNamespaceOf=app.service";
      "app-one" = unit { nsguard.namespace = "vpn"; };
    };
    systemd.units = {
      "blank.service".text = "[Unit]\nJoinsNamespaceOf = app.service\n";
      "comment.service".text = "[Unit]\n# JoinsNamespaceOf=app.service\n";
      "escaped.service".text = "[Unit]\nJoinsNamespaceOf=app\\x2done.service\n";
      "lines.service".text = "[Unit]\nJoinsNamespaceOf=free.service \\\n; more\n  app.service\n";
      "quoted.service".text = "[Unit]\nJoinsNamespaceOf=\"app.service\"\n";
      "reset.service".text = "[Unit]\nJoinsNamespaceOf=app.service\nJoinsNamespaceOf=\n";
      "web.service".text = "[Unit]\nJoinsNamespaceOf=%p@two.service\n";
      "of@.service".text = "[Unit]\nJoinsNamespaceOf=%i.service\n";
      "of@free.service".text = "[Unit]\nJoinsNamespaceOf=%i.service\n";
      "section.service".text = "[Service]\nJoinsNamespaceOf=app.service\n";
    };
  };
  messages = [
    "systemd.services.blank.unitConfig.JoinsNamespaceOf: it may join app.service, which is confined: the units would share their /tmp and other namespaces; remove it (systemd.services.blank.unitConfig.JoinsNamespaceOf = lib.mkForce [ ]; where a module sets it)"
    "systemd.services.lines.unitConfig.JoinsNamespaceOf: it may join app.service, which is confined: the units would share their /tmp and other namespaces; remove it (systemd.services.lines.unitConfig.JoinsNamespaceOf = lib.mkForce [ ]; where a module sets it)"
    ''systemd.services."of@".unitConfig.JoinsNamespaceOf: it may join app-one.service, app.service, web@.service, which are confined: the units would share their /tmp and other namespaces; remove it (systemd.services."of@".unitConfig.JoinsNamespaceOf = lib.mkForce [ ]; where a module sets it)''
    "systemd.services.one.unitConfig.JoinsNamespaceOf: it may join app.service, which is confined: the units would share their /tmp and other namespaces; remove it (systemd.services.one.unitConfig.JoinsNamespaceOf = lib.mkForce [ ]; where a module sets it)"
    "systemd.services.quoted.unitConfig.JoinsNamespaceOf: it may join app.service, which is confined: the units would share their /tmp and other namespaces; remove it (systemd.services.quoted.unitConfig.JoinsNamespaceOf = lib.mkForce [ ]; where a module sets it)"
    "systemd.services.reset.unitConfig.JoinsNamespaceOf: it may join app.service, which is confined: the units would share their /tmp and other namespaces; remove it (systemd.services.reset.unitConfig.JoinsNamespaceOf = lib.mkForce [ ]; where a module sets it)"
    "systemd.services.two.unitConfig.JoinsNamespaceOf: it may join web@.service, which is confined: the units would share their /tmp and other namespaces; remove it (systemd.services.two.unitConfig.JoinsNamespaceOf = lib.mkForce [ ]; where a module sets it)"
    "systemd.services.web.unitConfig.JoinsNamespaceOf: it may join web@.service, which is confined: the units would share their /tmp and other namespaces; remove it (systemd.services.web.unitConfig.JoinsNamespaceOf = lib.mkForce [ ]; where a module sets it)"
  ];
}
