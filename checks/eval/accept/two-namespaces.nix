# Side by side: nothing of one appears in the other.
{
  specification = {
    tunnels = { inherit (import ../tunnels.nix) mullvad proton; };
    namespaces.one.tunnel = "mullvad";
    namespaces.two = {
      tunnel = "proton";
      dns.enforce = false;
    };
  };

  facts =
    planned:
    let
      spec = ns: builtins.fromJSON planned.files."/etc/nsguard/${ns}/spec.json";
      differ = path: path (spec "one") != path (spec "two");
    in
    {
      files = map (ns: (spec ns).tunnel.configFile) [
        "one"
        "two"
      ];
      enforced = map (ns: (spec ns).dns.enforce) [
        "one"
        "two"
      ];
      distinct = map differ [
        (s: s.fwMark)
        (s: s.userspace.interface)
        (s: s.userspace.unit)
        (s: s.rulesets.host)
      ];
    };

  expected = {
    files = [
      "/run/secrets/mullvad.conf"
      "/run/secrets/proton.conf"
    ];
    enforced = [
      true
      false
    ];
    distinct = [
      true
      true
      true
      true
    ];
  };
}
