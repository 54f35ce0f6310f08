# Twenty-one tunnels: together with other programs they need more watches than the kernel gives root (inotify(7)).
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
