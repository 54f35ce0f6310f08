# The spec of one namespace, complete and without secrets: /etc/nsguard/<name>/spec.json.
{
  names,
  allowedEgress,
  hostServices,
  hostLinks,
  without,
}:
let
  inherit (builtins) concatStringsSep mapAttrs;
  inherit (import ./protections.nix { inherit without; }) kept listed;

  # A tunnel needs no link-local addresses, router advertisements or forwarding.
  sysctls = {
    "net.ipv4.ip_forward" = {
      value = "0";
      # A new namespace takes this from the host, which may be a router.
      guards = "packets from the tunnel's far end that are not for the namespace";
      besides = [ "nft:forward-policy" ];
    };
    "net.ipv6.conf.default.accept_ra" = {
      value = "0";
      guards = "routes, prefixes and resolvers that the tunnel's far end announces";
      besides = [ "nft:input-policy" ];
    };
    "net.ipv6.conf.default.addr_gen_mode" = {
      value = "1";
      guards = "announcements under a link-local address, which the tunnel's far end would see";
    };
    # Settings with which root inside could open ways out. Root cannot write these files; `nsguard doctor` compares
    # them, and a reload restores them.
    "net.ipv4.conf.all.route_localnet".value = "0";
    "net.ipv4.conf.default.route_localnet".value = "0";
    "net.ipv4.ip_nonlocal_bind".value = "0";
    "net.ipv6.conf.all.disable_ipv6".value = "0";
    "net.ipv6.conf.default.disable_ipv6".value = "0";
    "net.ipv6.ip_nonlocal_bind".value = "0";
    # As systemd sets it on a host, so that ping(8) works without privileges. Its packets take the same way as all others.
    "net.ipv4.ping_group_range".value = "0 2147483647";
    # CAP_NET_BIND_SERVICE of a confined service does not count here.
    "net.ipv4.ip_unprivileged_port_start".value = "0";
  };

  files = {
    "hosts" = {
      guards = "names and addresses of the uplink's network that the host keeps in its own";
      text = "127.0.0.1 localhost\n::1 localhost\n";
    };
    "nsswitch.conf" = {
      guards = "name look-ups from the modules of the host, which know other ways than the tunnel's resolver";
      text = ''
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
  };

  # address -> names, as lines of hosts(5)
  hostsLines =
    hosts:
    concatStringsSep "" (
      map (address: "${address} ${concatStringsSep " " hosts.${address}}\n") (builtins.attrNames hosts)
    );

  # An unquoted path must not be copied to the store here.
  path = value: if value == null then null else toString value;
in
{
  spec =
    {
      name,
      namespace,
      tunnel,
      outer,
      # whether any published port names its clients
      narrowed,
    }:
    {
      version = 1;
      namespace = name;
      # The namespace through which the tunnel's encrypted packets leave; null for the host's.
      inherit outer;
      interface = names.interface;
      userspace = {
        interface = names.userspaceInterface name;
        unit = names.userspaceUnit name;
      };
      fwMark = if tunnel.fwMark == null then names.fwMark name else tunnel.fwMark;
      rulesets = {
        namespace = "${names.etc name}/namespace.nft";
        host = "${names.etc name}/host.nft";
        clients = if narrowed then "${names.etc name}/clients.nft" else null;
      };
      sysctls = mapAttrs (_: setting: setting.value) (kept "sysctl" sysctls);
      etc = mapAttrs (file: it: it.text + (if file == "hosts" then hostsLines namespace.hosts else "")) (
        kept "file" files
      );
      # The host's sockets that a service inside may reach; `nsguard doctor` reports all others.
      inherit (names) sockets;
      inherit (namespace) dns;
      # Addresses of the loopback interface, besides its usual ones.
      loopback = allowedEgress.addresses namespace.allowedEgress;
      # Ports inside that lead to services on the host's loopback interface.
      hostServices = hostServices.spec name namespace.hostServices;
      portForwarding =
        let
          forwarding = namespace.portForwarding;
        in
        if !forwarding.enable then
          null
        else
          {
            inherit (forwarding)
              protocol
              gateway
              protocols
              internalPort
              lifetimeSeconds
              client
              ;
            hook =
              if forwarding.client == null && forwarding.onChange == null then null else names.forwardedUnit name;
          };
      # The group whose members may start commands inside; null if nobody may.
      commandGroup = if names.runs namespace then names.runGroup name namespace else null;
      # Sockets of the host that lead to ports inside.
      published = builtins.attrValues (
        mapAttrs (publish: it: {
          unit = "${names.publishUnit name publish it}.socket";
          inherit (it) name listen port;
          from = hostLinks.clients it;
        }) (hostLinks.proxied namespace.publish)
      );
      hostLink =
        let
          ends = hostLinks.ends name namespace.hostLink.range;
        in
        if !namespace.hostLink.enable then
          null
        else
          {
            interface = names.hostLink name;
            inside = names.hostLinkInside;
            ruleset = "${names.etc name}/host-link.nft";
            host = [
              ends.host.v4
              ends.host.v6
            ];
            namespace = [
              ends.namespace.v4
              ends.namespace.v6
            ];
            published = map (listener: {
              inherit (listener) name protocol from;
              listen = listener.text;
              port = if listener.to == null then listener.ports else listener.to;
            }) (hostLinks.linked namespace.publish);
          };
      inherit (namespace) tunnelPorts;
      tunnel =
        removeAttrs tunnel [
          "fwMark"
          "privateKey"
          "via"
        ]
        // {
          name = namespace.tunnel;
          configFile = path tunnel.configFile;
          privateKeyFile = path tunnel.privateKeyFile;
          peers = map (
            peer: removeAttrs peer [ "presharedKey" ] // { presharedKeyFile = path peer.presharedKeyFile; }
          ) tunnel.peers;
        };
    };

  protections = listed "sysctl" sysctls // listed "file" files;
}
