# Names that are no capability's. systemd would read some of them: "~CAP_CHOWN" as all but that one, "cap_dac_override" in
# small letters as one for which homes would have to be hidden, and a number, or several names in one word, as well.
let
  keeping = capabilities: {
    namespace = "vpn";
    inherit capabilities;
    serviceConfig.ExecStart = "/bin/app";
  };
in
{
  specification = {
    inherit (import ../vpn.nix) tunnels namespaces;
    services = {
      fine = keeping [
        "CAP_CHOWN"
        "CAP_CHECKPOINT_RESTORE"
      ];
      misspelt = keeping [
        "CAP_NETADMIN"
        "net_raw"
        "SETUID"
        "CAP_EVERYTHING"
      ];
      read-by-systemd = keeping [
        "~CAP_CHOWN"
        "cap_dac_override"
        "7"
        "CAP_CHOWN CAP_SETUID"
      ];
    };
  };
  messages =
    let
      message =
        service: name: meant:
        ''systemd.services.${service}.nsguard.capabilities: there is no capability "${name}"; ${meant}write names of capabilities(7), in capital letters, such as "CAP_CHOWN"'';
    in
    [
      (message "misspelt" "CAP_NETADMIN" ''did you mean "CAP_NET_ADMIN"? If not, '')
      (message "misspelt" "net_raw" ''did you mean "CAP_NET_RAW"? If not, '')
      (message "misspelt" "SETUID" ''did you mean "CAP_SETUID"? If not, '')
      (message "misspelt" "CAP_EVERYTHING" "")
      (message "read-by-systemd" "~CAP_CHOWN" "")
      (message "read-by-systemd" "cap_dac_override" ''did you mean "CAP_DAC_OVERRIDE"? If not, '')
      (message "read-by-systemd" "7" "")
      (message "read-by-systemd" "CAP_CHOWN CAP_SETUID" ''did you mean "CAP_CHOWN"? If not, '')
    ];
}
