# Both daemons through which look-ups leave a network namespace: resolved (nss-resolve), and the one behind /run/nscd.
{ options, ... }:
{
  services.nscd.enable = true;
  # resolved asks a plain resolver for names below .local only if its configuration says that the resolver knows them.
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
