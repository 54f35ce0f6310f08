# What was meant for one namespace, complete and without secrets: /etc/nsguard/<name>/spec.json.
{ names }:
let
  # A path without quotes must not be copied to the store on its way here.
  path = value: if value == null then null else toString value;
in
{
  name,
  namespace,
  tunnel,
}:
{
  version = 1;
  namespace = name;
  interface = names.interface;
  userspace = {
    interface = names.userspaceInterface name;
    unit = names.userspaceUnit name;
  };
  fwMark = if tunnel.fwMark == null then names.fwMark name else tunnel.fwMark;
  rulesets = {
    namespace = "${names.etc name}/namespace.nft";
    host = "${names.etc name}/host.nft";
  };
  sysctls = {
    # The tunnel has no business with link-local addresses, router advertisements or forwarding;
    # a new namespace takes its IPv4 settings from the host, which may be a router.
    "net.ipv4.ip_forward" = "0";
    "net.ipv6.conf.all.accept_ra" = "0";
    "net.ipv6.conf.default.accept_ra" = "0";
    "net.ipv6.conf.default.addr_gen_mode" = "1";
    # CAP_NET_BIND_SERVICE of a confined service does not count here.
    "net.ipv4.ip_unprivileged_port_start" = "0";
  };
  etc = {
    "hosts" = "127.0.0.1 localhost\n::1 localhost\n";
    "nsswitch.conf" = ''
      passwd: files
      group: files
      shadow: files
      hosts: files dns
      networks: files
      services: files
      protocols: files
      ethers: files
      rpc: files
    '';
  };
  inherit (namespace) dns;
  tunnel = removeAttrs tunnel [ "fwMark" ] // {
    name = namespace.tunnel;
    configFile = path tunnel.configFile;
    privateKeyFile = path tunnel.privateKeyFile;
    peers = map (peer: peer // { presharedKeyFile = path peer.presharedKeyFile; }) tunnel.peers;
  };
}
