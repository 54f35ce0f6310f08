# A module of NixOS that prepares a file with a privileged command needs an option that accepts this.
{
  module = {
    nsguard = import ../vpn.nix;
    services.transmission.enable = true;
    systemd.services.transmission.nsguard.namespace = "vpn";
  };
  messages = [
    ''systemd.services.transmission.serviceConfig.ExecStartPre: "+/stand-in/transmission-prestart" runs with full privileges and sees the host's sockets because of its prefix; remove the + or !, or accept that with systemd.services.transmission.nsguard.allowPrivilegedCommands = true;''
  ];
}
