# Service modules of nixpkgs with real programs, Debian's, each confined by the lines of docs/services.md.
{ lib, pkgs, ... }:
let
  # A package whose programs are in a directory of Debian's; more: attributes that its module uses.
  programs =
    directory: more:
    pkgs.runCommand "programs" { } ''
      mkdir -p $out/conf
      ln -s ${directory} $out/bin
      touch $out/conf/{fastcgi.conf,uwsgi_params}
    ''
    // more;

  nginx = programs "/usr/sbin" {
    version = "1.26.3";
    pname = "nginx";
    modules = [ ];
    override = _: nginx;
  };
  postgresql = programs "/usr/lib/postgresql/17/bin" {
    version = "17";
    psqlSchema = "17";
    withJIT = postgresql;
    withoutJIT = postgresql;
    withPackages = _: postgresql;
  };
in
{
  imports = [
    ./stand-in.nix
    ./resolvers.nix
  ];

  nsguard.tunnels.lab.configFile = "/etc/nsguard-lab/client.conf";
  nsguard.namespaces.vpn = {
    tunnel = "lab";
    users = [ "alice" ];
    publish.web = {
      listen = [ "127.0.0.1:8080" ];
      port = 80;
    };
  };
  users.users.alice.isNormalUser = true;

  systemd.services = {
    nginx.nsguard = {
      namespace = "vpn";
      capabilities = [ "CAP_SYS_RESOURCE" ];
    };
    postgresql.nsguard.namespace = "vpn";
    redis.nsguard = {
      namespace = "vpn";
      allowPrivilegedCommands = true;
    };
    soju.nsguard.namespace = "vpn";
    transmission.nsguard = {
      namespace = "vpn";
      allowPrivilegedCommands = true;
    };
    unbound.nsguard.namespace = "vpn";
  };

  i18n.defaultLocale = "C.UTF-8"; # no other locale is built here

  services = {
    nginx = {
      enable = true;
      package = nginx;
      validateConfigFile = false;
      defaultMimeTypes = pkgs.writeText "mime.types" "types { text/html html; }";
      # Debian's nginx keeps these in /var/lib.
      commonHttpConfig = lib.concatMapStrings (kind: "${kind}_temp_path /var/cache/nginx/${kind};\n") [
        "client_body"
        "fastcgi"
        "proxy"
        "scgi"
        "uwsgi"
      ];
      virtualHosts.page = {
        default = true;
        root = pkgs.writeTextDir "index.html" "a page\n";
        locations."/ip".proxyPass = "http://203.0.113.80/ip";
      };
    };
    postgresql = {
      enable = true;
      package = postgresql;
      ensureDatabases = [ "shop" ];
    };
    redis = {
      package = programs "/usr/bin" { };
      servers."" = {
        enable = true;
        save = [
          [
            1
            1
          ]
        ];
      };
    };
    # systemd creates its user; it has a state directory.
    soju = {
      enable = true;
      package = programs "/usr/bin" { };
      listen = [ "irc+insecure://127.0.0.1:6667" ];
    };
    transmission = {
      enable = true;
      package = programs "/usr/bin" { };
    };
    unbound = {
      enable = true;
      package = programs "/usr/sbin" { };
      checkconf = false;
      enableRootTrustAnchor = false;
      resolveLocalQueries = false;
      settings = {
        server = {
          interface = [ "127.0.0.1@5335" ];
          local-zone = [ ''"test." nodefault'' ];
          module-config = ''"iterator"'';
          tls-cert-bundle = ''""'';
        };
        forward-zone = [
          {
            name = ".";
            forward-addr = [ "10.66.0.1" ];
          }
        ];
      };
    };
  };
}
