{
  specification = {
    tunnels = { inherit (import ../tunnels.nix) mullvad proton; };
    namespaces."my vpn".tunnel = "mullvad";
    # Its finished unit is not judged, since it would have nothing of its own to remove.
    services.web = {
      namespace = "my vpn";
      serviceConfig.ExecStart = "/bin/web";
    };
    namespaces.a-name-that-is-longer-than-thirty-two.tunnel = "proton";
  };
  messages = [
    "nsguard.namespaces.a-name-that-is-longer-than-thirty-two: the name must start with a letter or digit and have at most 32 letters, digits, - and _; rename it"
    "nsguard.namespaces.my vpn: the name must start with a letter or digit and have at most 32 letters, digits, - and _; rename it"
  ];
}
