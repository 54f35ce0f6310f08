# A tunnel cannot go through one that is not defined; it is the only one itself.
{
  specification.tunnels.alone = {
    configFile = "/run/secrets/alone.conf";
    via = "entrance";
  };
  messages = [
    ''nsguard.tunnels.alone.via: there is no tunnel "entrance" (no other is defined); define nsguard.tunnels.entrance or name another''
  ];
}
