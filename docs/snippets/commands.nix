{
  nsguard.namespaces.vpn.users = [ "alice" ];
}
