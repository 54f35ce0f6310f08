{
  nsguard.namespaces.vpn.hosts."10.66.0.5" = [ "nas.example.org" ];
}
