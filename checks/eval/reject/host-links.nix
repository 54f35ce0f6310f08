{
  specification = {
    tunnels = { inherit (import ../tunnels.nix) one two three; };
    namespaces.one = {
      tunnel = "one";
      hostLink = {
        enable = true;
        range = "10.9.8.0/31";
      };
      publish = {
        path = {
          listen = [ "/run/dns.sock" ];
          port = 53;
          protocol = "udp";
        };
      };
    };
    namespaces.two = {
      tunnel = "two";
      hostLink = {
        enable = true;
        range = "10.9.8.1/31";
      };
    };
    namespaces.three = {
      tunnel = "three";
      hostLink.range = "10.0.0.0/33";
      publish.web = {
        listen = [ "192.0.2.2:80" ];
        port = 80;
        keepSource = true;
      };
    };
  };
  messages = [
    ''nsguard.namespaces.one.publish.path.listen: "/run/dns.sock" is a loopback address or a path, where UDP cannot be forwarded; set listen = [ "192.0.2.2:53" ]; with an address of the host, by which the host itself reaches the service, too''
    "nsguard.namespaces.three.publish.web.keepSource: a proxy cannot keep the client's address; set nsguard.namespaces.three.hostLink.enable = true;"
    ''nsguard.namespaces.three.hostLink.range: "10.0.0.0/33" is malformed; write it like "169.254.64.0/18", from /8 to /31''
    ''nsguard.namespaces.two.hostLink.range: 10.9.8.0 would also be the host's address on the link of nsguard.namespaces.one; set another range, or one of two addresses: "169.254.127.0/31"''
  ];
}
