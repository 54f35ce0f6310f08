{
  specification = {
    tunnels = { inherit (import ../tunnels.nix) one two; };
    namespaces.a-name-that-is-not-quite-32-long = {
      tunnel = "one";
      users = [ "al ice" ];
    };
    namespaces.vpn = {
      tunnel = "two";
      group = "root";
      users = [ "root" ];
    };
  };
  messages = [
    ''nsguard.namespaces.a-name-that-is-not-quite-32-long.group: "nsguard-a-name-that-is-not-quite-32-long" is not a group name, which has at most 31 letters, digits, - and _; set nsguard.namespaces.a-name-that-is-not-quite-32-long.group = "vpn";''
    ''nsguard.namespaces.a-name-that-is-not-quite-32-long.users: "al ice" is malformed; write it like "alice"''
    "nsguard.namespaces.vpn.users: root is not allowed, because commands run as ordinary users; name the users who run commands"
  ];
}
