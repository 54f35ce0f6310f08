# A small guard other than nsguard for `make bench --peer`: a namespace with a veth pair, a service and commands in it.
{ pkgs, ... }:
let
  ip = "${pkgs.iproute2}/bin/ip";

  lasting = start: stop: {
    Type = "oneshot";
    RemainAfterExit = true;
    ExecStart = start;
    ExecStop = stop;
  };

  inside = unit: {
    bindsTo = [ unit ];
    after = [ unit ];
  };
in
{
  systemd.services = {
    bench-namespace.serviceConfig = lasting "${ip} netns add peer" "${ip} netns delete peer";
    bench-tunnel = inside "bench-namespace.service" // {
      serviceConfig = lasting "${ip} link add peer0 type veth peer name peer1 netns peer" "${ip} link delete peer0";
    };
    bench-confined = inside "bench-namespace.service" // {
      serviceConfig = {
        Type = "oneshot";
        User = "nobody";
        NetworkNamespacePath = "/run/netns/peer";
        ExecStart = "/bin/true";
      };
    };
  };

  environment.etc."nsguard-lab/bench-command".text = ''
    nsenter --net=/run/netns/peer setpriv --reuid nobody true
  '';
}
