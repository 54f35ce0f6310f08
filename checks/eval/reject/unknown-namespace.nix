{
  specification.services.app = {
    namespace = "vnp";
    serviceConfig.ExecStart = "/bin/app";
  };
  messages = [
    ''systemd.services.app.nsguard.namespace: there is no namespace "vnp" (none is defined); define nsguard.namespaces.vnp or name another''
  ];
}
