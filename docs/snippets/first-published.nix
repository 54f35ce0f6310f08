{
  nsguard.namespaces.vpn.publish.prowlarr = {
    listen = [ "127.0.0.1:9696" ]; # where this host listens; add its address on the LAN to let the LAN in
    port = 9696; # where the service listens inside
  };
}
