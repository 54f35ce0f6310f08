# Two tunnels with one file would use one key on two links.
{
  specification = {
    tunnels = {
      films.configFile = "/run/secrets/wg.conf";
      search.configFile = "/run/secrets/wg.conf";
      other.configFile = "/run/secrets/other.conf";
    };
    namespaces = {
      films.tunnel = "films";
      search.tunnel = "search";
      other.tunnel = "other";
    };
  };
  messages = [
    ''nsguard.tunnels.search.configFile: "/run/secrets/wg.conf" is also the file of nsguard.tunnels.films, and two links with the same key cut each other off; get a file with another key for each tunnel, or put the services into one namespace''
  ];
}
