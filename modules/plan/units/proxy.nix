# What systemd-socket-proxyd may do, in the namespace or on the host: accept connections, open others, and copy bytes.
import ../confinement/hardening.nix
// {
  CapabilityBoundingSet = "";
  DynamicUser = true;
  # Six descriptors for each of 256 connections.
  LimitNOFILE = 2048;
  PrivateDevices = true;
  PrivateUsers = true;
  RestrictAddressFamilies = "AF_INET AF_INET6 AF_UNIX";
  SocketBindDeny = "any";
  SystemCallFilter = [
    "@system-service"
    "~@privileged @resources @keyring io_uring_setup io_uring_enter io_uring_register"
  ];
  Type = "notify";
}
