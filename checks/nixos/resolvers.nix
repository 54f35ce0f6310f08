# Both ways by which a look-up leaves a network namespace: nss-resolve, and the daemon behind /run/nscd.
{ options, ... }:
{
  services.nscd.enable = true;
  # Resolved asks a plain resolver for names below .local only where it is told that one knows them.
  services.resolved =
    if options.services.resolved ? settings then
      {
        enable = true;
        settings.Resolve = {
          LLMNR = "false";
          FallbackDNS = [ ];
          Domains = [ "~local" ];
          MulticastDNS = "no";
          Cache = "no";
        };
      }
    else
      {
        enable = true;
        llmnr = "false";
        fallbackDns = [ ];
        domains = [ "~local" ];
        extraConfig = "MulticastDNS=no\nCache=no\n";
      };
  networking.nameservers = [ "198.51.100.1" ];
  networking.firewall.enable = false;
}
