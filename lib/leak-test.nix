# Leak tests for any flake: a NixOS test of two machines, one of which confines what the other, the whole world around
# it, then looks for. `confine` may be a guard that is not nsguard's.
{
  pkgs,
  name ? "leak-test",
  # NixOS modules of the machine under test; the lab's own module comes with them.
  modules ? [ ],
  # In their place: `extendModules` of a whole host, which is then tested as it is but for `modules`.
  extend ? null,
  # One of nsguard's namespaces, whose tunnel is led to the lab's server.
  namespace ? "vpn",
  # What confines a service: settings that are laid over `systemd.services.<name>`.
  confine ? {
    nsguard = { inherit namespace; };
  },
  # The service by which another guard than nsguard makes its namespace, which must be `vpn`, and its tunnel.
  tunnelUnit ? null,
  # Services in whose place the attacker is put as well, with all that they are otherwise. They are started; of a
  # template (`backup@`) an instance is.
  services ? [ ],
  # To run on the machine once /etc/nsguard-lab/client.conf, in wg-quick's format, is there.
  prepare ? "systemctl restart nsguard-tunnel-${namespace}.service",
  # Which attacks and states of the tunnel, by glob, and whether the core set alone.
  attacks ? "*",
  states ? "up",
  quick ? true,
  # Python: more checks after the attacks, with `lab` at hand.
  probes ? "",
  # NixOS modules of both machines: more memory, another kernel.
  nodes ? [ ],
  # Seconds that the whole test may take.
  globalTimeout ? 3600,
}:
let
  inherit (pkgs) lib;
  # Of these packages, so that it is for the Python that runs it.
  harness = pkgs.callPackage ../harness/package.nix { };
  python = lib.getExe pkgs.python3;
  library = "${harness}/${pkgs.python3.sitePackages}";

  # An emulated machine takes minutes for what a host does in a second. Only the time that a unit has to start differs
  # from the user's. A drop-in of nsguard-netns-.service applies to every nsguard-netns-NAMESPACE.service.
  names = import ../modules/plan/names.nix;
  unhurried = lib.genAttrs [ (names.netnsUnit "") (names.tunnelUnit "") (names.mendUnit "") ] (_: {
    overrideStrategy = "asDropin";
    text = "[Service]\nTimeoutStartSec=900\n";
  });

  # udev makes the device some time after the machine has begun to start services.
  port = "dev-virtio\\x2dports-nsguard.resident.device";

  # Both machines: an agent on a serial port, a second line to the hypervisor, and one way out, by the lab's VLAN.
  node = role: {
    imports = [ ./lab-network.nix ];
    virtualisation = {
      vlans = [ 1 ];
      qemu = {
        networkingOptions = lib.mkForce [ ];
        options = [
          "-device virtio-serial-pci,id=nsguard"
          "-chardev socket,id=nsguard,path=nsguard-port,server=on,wait=off"
          "-device virtserialport,bus=nsguard.0,chardev=nsguard,name=nsguard.resident"
          "-qmp unix:nsguard-qmp,server=on,wait=off"
        ];
      };
    };
    environment.systemPackages = with pkgs; [
      iproute2
      iputils
      nftables
      python3
      tcpdump
      wireguard-tools
    ];
    # On a busy emulated machine it takes longer than systemd waits for a device, and the agent would never be started.
    systemd.units.${port} = {
      overrideStrategy = "asDropin";
      text = "[Unit]\nJobRunningTimeoutSec=infinity\n";
    };
    systemd.services = {
      lab-uplink = {
        description = "Uplink of the lab";
        wantedBy = [ "multi-user.target" ];
        wants = [ "network.target" ];
        before = [ "network.target" ];
        after = [ "sys-subsystem-net-devices-eth1.device" ];
        path = with pkgs; [
          iproute2
          procps
        ];
        environment.PYTHONPATH = library;
        serviceConfig = {
          Type = "oneshot";
          RemainAfterExit = true;
          ExecStart = "${python} -m nsguard_harness.inside.uplink eth1 ${role}";
        };
      };
      lab-resident = {
        description = "Agent of the lab";
        wantedBy = [ "multi-user.target" ];
        requires = [ port ];
        after = [ port ];
        startLimitIntervalSec = 0; # without it, nobody would hear of the machine again
        path = [ "/run/current-system/sw" ];
        serviceConfig = {
          ExecStart = "${python} ${library}/nsguard_harness/inside/resident.py /dev/virtio-ports/nsguard.resident";
          KillMode = "process";
          Restart = "always";
        };
      };
    };
  };

  withoutFirewall.networking.firewall.enable = lib.mkDefault false;

  # What the test framework gives a node, for a host that is none of its nodes.
  asNode =
    { config, modulesPath, ... }:
    let
      mac = "52:54:00:12:01:01";
      named = ''SUBSYSTEM=="net",ACTION=="add",ATTR{address}=="${mac}",NAME="eth1"'';
    in
    {
      imports = [
        (modulesPath + "/virtualisation/qemu-vm.nix")
        (modulesPath + "/testing/test-instrumentation.nix")
      ];
      system.name = lib.mkForce "client";
      networking.usePredictableInterfaceNames = lib.mkForce false;
      # The framework gives root a password; of two, NixOS warns.
      users.users.root = lib.genAttrs [ "password" "hashedPassword" ] (_: lib.mkForce null);
      services.udev.extraRules = named;
      boot.initrd.services.udev.rules = named;
      # The host's own firewall, through which the lab's server reaches what listens.
      networking.firewall.trustedInterfaces = [ "eth1" ];
      # A service's /etc is an overlay over the host's. Three overlays cannot be stacked, and a writable store is one.
      virtualisation.writableStore = lib.mkIf config.system.etc.overlay.enable (lib.mkDefault false);
      virtualisation.qemu.options = [
        "-device virtio-net-pci,netdev=vlan1,mac=${mac}"
        ''-netdev vde,id=vlan1,sock="$QEMU_VDE_SOCKET_1"''
      ];
    };

  host = extend {
    modules =
      modules
      ++ nodes
      ++ [
        asNode
        (removeVlans (node "client"))
        underAttack
      ];
  };
  removeVlans = module: module // { virtualisation = removeAttrs module.virtualisation [ "vlans" ]; };

  # Where nothing can be written to /etc, the tunnel's file lies elsewhere.
  elsewhere =
    { config, ... }:
    lib.mkIf (config.system.etc.overlay.enable && !config.system.etc.overlay.mutable) {
      environment.etc.nsguard-lab.source = "/var/lib/nsguard-lab-tunnel";
      systemd.tmpfiles.rules = [ "d /var/lib/nsguard-lab-tunnel 0755 root root" ];
    };

  underAttack = {
    imports = [
      ../modules/agents.nix
      elsewhere
    ];
    networking.nameservers = lib.mkForce [ "198.51.100.1" ];
    nsguard.agents = {
      enable = true;
      inherit
        confine
        library
        services
        tunnelUnit
        ;
    };
    systemd.units = unhurried;
  };

  client =
    if extend == null then
      {
        imports = modules ++ [
          (node "client")
          underAttack
          withoutFirewall
        ];
      }
    else
      {
        virtualisation.vlans = [ 1 ];
        system.build.vm = lib.mkForce host.config.system.build.vm;
      };

  subjects = lib.genAttrs [ "root" "user" ] (who: [
    "nsguard-probe-${who}"
    "nsguard-control-${who}"
  ]);
in
pkgs.testers.runNixOSTest {
  inherit globalTimeout name;
  # `host`: the configuration that is attacked, where it was given whole.
  passthru = lib.optionalAttrs (extend != null) { inherit host; };
  nodes = {
    client.imports = [ client ] ++ lib.optionals (extend == null) nodes;
    server.imports = [
      (node "server")
      withoutFirewall
    ]
    ++ nodes;
  };
  extraPythonPackages = p: [ (p.toPythonModule harness) ];
  # The driver's own type check does not see these packages.
  skipTypeCheck = true;
  testScript = ''
    from nsguard_harness.driver import leak_test


    def probes(lab):
    ${
      if probes == "" then
        "    pass"
      else
        lib.concatMapStrings (line: "    ${line}\n") (lib.splitString "\n" probes)
    }


    leak_test(
        client,
        server,
        subjects=${builtins.toJSON subjects},
        services=${builtins.toJSON services},
        prepare=${builtins.toJSON prepare},
        attacks=${builtins.toJSON attacks},
        states=${builtins.toJSON states},
        quick=${if quick then "True" else "False"},
        probes=[probes],
        out=driver.out_dir,
    )
  '';
}
