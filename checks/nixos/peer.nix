# A small guard other than nsguard for `make bench --peer`: a namespace with a veth pair, and a service in it.
{ pkgs, ... }:
let
  ip = "${pkgs.iproute2}/bin/ip";
in
{
  systemd.services = {
    bench-namespace = {
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = [
          "${ip} netns add peer"
          "${ip} link add peer0 type veth peer name peer1 netns peer"
        ];
        ExecStop = "${ip} netns delete peer";
      };
    };
    bench-confined = {
      bindsTo = [ "bench-namespace.service" ];
      after = [ "bench-namespace.service" ];
      serviceConfig = {
        Type = "oneshot";
        User = "nobody";
        NetworkNamespacePath = "/run/netns/peer";
        ExecStart = "/bin/true";
      };
    };
  };
}
