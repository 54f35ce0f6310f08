{ lib, ... }:
let
  inherit (lib) mkOption types;
  defaults = import ./plan/defaults.nix;

  namespace = {
    options = {
      tunnel = mkOption {
        type = types.str;
        example = "mullvad";
        description = ''
          Name of the tunnel, one of {option}`nsguard.tunnels`, that is the only way out of this namespace.
          Each tunnel serves one namespace; any number of services can share the namespace.

          Risk: services that share a namespace share its loopback interface and its address, and the far end of
          the tunnel sees them as one.
        '';
      };

      dns.enforce = mkOption {
        type = types.bool;
        default = defaults.namespace.dns.enforce;
        example = false;
        description = ''
          Whether to redirect every query to port 53, whatever server it names, to the tunnel's first resolver.

          Risk of `false`: a program with a resolver of its own asks that one, through the tunnel; the far end of
          the tunnel then sees queries to, say, your usual provider's resolver, which tells who you are.
        '';
      };
    };
  };
in
{
  options.nsguard.namespaces = mkOption {
    type = types.attrsOf (types.submodule namespace);
    default = { };
    example = lib.literalExpression ''{ vpn.tunnel = "mullvad"; }'';
    description = ''
      Network namespaces, each with a tunnel as its only way out: there is nothing else in it but its own loopback
      interface, so with the tunnel down there is no way out at all. A service is put into one by
      {option}`systemd.services.<name>.nsguard.namespace`.

      Each namespace `NAME` is two units: `nsguard-netns-NAME.service`, which lives as long as anything uses it, and
      `nsguard-tunnel-NAME.service`, which can be restarted and changed while services in it keep running.

      Risk: anything that may enter the namespace by other means, root on this machine above all, is not confined by
      it: only units with the option are.
    '';
  };
}
