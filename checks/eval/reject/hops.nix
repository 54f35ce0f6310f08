{
  specification = {
    tunnels = {
      a = {
        configFile = "/run/secrets/a.conf";
        via = "b";
      };
      b = {
        configFile = "/run/secrets/b.conf";
        via = "a";
      };
      # leads to the circle and is not part of it
      c = {
        configFile = "/run/secrets/c.conf";
        via = "a";
      };
      itself = {
        configFile = "/run/secrets/itself.conf";
        via = "itself";
      };
      lost = {
        configFile = "/run/secrets/lost.conf";
        via = "entrance";
      };
      named = {
        configFile = "/run/secrets/named.conf";
      };
      through = {
        configFile = "/run/secrets/through.conf";
        via = "named";
      };
    };
    # has the name that the namespace of the tunnel would get
    namespaces.named.tunnel = "lost";
  };
  messages = [
    "nsguard.tunnels.a.via: a → b → a is a circle, so no packet would ever leave the machine; remove via from one of these tunnels"
    "nsguard.tunnels.b.via: b → a → b is a circle, so no packet would ever leave the machine; remove via from one of these tunnels"
    "nsguard.tunnels.itself.via: itself → itself is a circle, so no packet would ever leave the machine; remove via from one of these tunnels"
    ''nsguard.tunnels.lost.via: there is no tunnel "entrance" (defined: a, b, c, itself, named, through); define nsguard.tunnels.entrance or name another''
    ''nsguard.tunnels.named: tunnels go through it, and the namespace made for that would be called "named", a name in use; define nsguard.namespaces.<name>.tunnel = "named"; under another name''
  ];
}
