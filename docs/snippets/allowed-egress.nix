{
  nsguard.namespaces.vpn.allowedEgress.nas = {
    address = "192.168.1.10";
    port = 445;
  };
}
