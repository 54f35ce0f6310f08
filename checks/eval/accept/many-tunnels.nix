# Twenty-one tunnels: more watches than the kernel gives root (inotify(7)) must fit beside those of others.
let
  names = map (number: "vpn-${toString number}") (builtins.genList (number: number) 21);
  named =
    value:
    builtins.listToAttrs (
      map (name: {
        inherit name;
        value = value name;
      }) names
    );
in
{
  module = {
    nsguard.tunnels = named (name: {
      configFile = "/run/secrets/${name}.conf";
    });
    nsguard.namespaces = named (name: {
      tunnel = name;
    });
  };
  facts = config: config.boot.kernel.sysctl."fs.inotify.max_user_instances";
  expected = 524288;
}
