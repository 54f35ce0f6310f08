# NixOS: for units that are not system services, the message says why they cannot be confined, and what can.
{
  module = {
    nsguard.tunnels.mullvad.configFile = "/run/secrets/mullvad.conf";
    nsguard.namespaces.vpn.tunnel = "mullvad";
    containers.web.config = { };
    virtualisation.oci-containers.containers.wiki.image = "wiki";
    systemd.services = {
      "container@web".nsguard.namespace = "vpn";
      podman-wiki.nsguard.namespace = "vpn";
    };
    systemd.user.services.syncthing.nsguard.namespace = "vpn";
  };
  messages = [
    ''systemd.services."container@web".nsguard.namespace: a container's unit runs a manager that needs the host, and does not confine the programs inside; run the program as a service of its own, or leave the unit unconfined: systemd.services."container@web".nsguard.namespace = lib.mkForce null;''
    "systemd.services.podman-wiki.nsguard.namespace: a container's unit runs a manager that needs the host, and does not confine the programs inside; run the program as a service of its own, or leave the unit unconfined: systemd.services.podman-wiki.nsguard.namespace = lib.mkForce null;"
    "systemd.user.services.syncthing.nsguard: a user's service manager may not enter the namespace, and would start the service in the host's without an error; define systemd.services.syncthing with serviceConfig.User, or nsguard.apps.<name> for a program with windows"
  ];
}
