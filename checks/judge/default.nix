# Tests of the judge of finished units (modules/plan/judge): compared with the refusals, and on each protection.
#
#   generated FILE   units as JSON, [ { property; value; user; } ], through refusals, confinement and judge
#   laid FILE        drop-ins as JSON, [ { lines; } ], for a confined unit: the cases of `nsguard doctor`'s judge
#   sockets FILE     lines of a confined service's socket as JSON, [ "Key=value" ]: the messages about each
#   mutants          protection -> whether the judge misses it when it is taken away
let
  inherit (builtins)
    attrNames
    filter
    fromJSON
    genList
    elemAt
    length
    listToAttrs
    map
    match
    readFile
    ;

  tools = import ../tools.nix;
  planWithout =
    without:
    import ../../modules/plan {
      inherit tools without;
    };
  whole = planWithout [ ];

  # The home has another path.
  accounts =
    whole.shownBy
      [
        {
          device = "/data";
          mountPoint = "/export";
        }
      ]
      {
        alice = {
          home = "/data/alice";
          person = true;
        };
      };

  specification = services: {
    tunnels.lab.configFile = "/run/secrets/lab.conf";
    namespaces.vpn.tunnel = "lab";
    inherit accounts services;
  };

  service = serviceConfig: {
    namespace = "vpn";
    serviceConfig = {
      ExecStart = "/usr/bin/app";
      User = "app";
      RuntimeDirectory = "app";
      StateDirectory = "app";
    }
    // serviceConfig;
  };

  complete =
    service:
    whole.defaults.service // service // { homes = whole.homesOf accounts "app.service" service; };
  confinedText =
    (whole.plan (specification {
      app = service { };
    })).units."app.service".text;

  generated =
    file:
    let
      cases = fromJSON (readFile file);
      name = index: "app${toString index}";
      ofUser = user: if user == "app" then { } else { User = user; };
      ofCase = case: service ({ ${case.property} = case.value; } // ofUser case.user);
      services = listToAttrs (
        genList (index: {
          name = name index;
          value = ofCase (elemAt cases index);
        }) (length cases)
      );
      whole' = specification services;
      plainText =
        builtins.mapAttrs
          (
            user: _:
            (whole.plan (specification {
              app = service (ofUser user);
            })).units."app.service".text
          )
          {
            app = null;
            root = null;
          };
      messages = whole.serviceProblems whole';
      # Messages about a service begin with its name.
      refused = builtins.groupBy (
        message: builtins.head (match "systemd\\.services\\.(app[0-9]+)\\..*" message)
      ) messages;
      text = service: (whole.render (whole.confineService "app" (complete service))).text;
    in
    genList (
      index:
      let
        case = elemAt cases index;
      in
      {
        refused = refused ? ${name index};
        # The holes that remain after the confinement.
        finished = whole.holesOf (complete services.${name index}) "app.service" (
          text services.${name index}
        );
        # The holes if nothing refused or dropped the line: it comes last, like a drop-in for a confined unit.
        raw = whole.holesOf (complete (
          service (ofUser case.user)
        )) "app.service" "${plainText.${case.user}}\n[Service]\n${case.property}=${case.value}\n";
      }
    ) (length cases);

  laid =
    file:
    let
      plain = confinedText;
      it = complete (service { });
      texts = map (case: "${plain}\n[Service]\n${builtins.concatStringsSep "\n" case.lines}\n") (
        fromJSON (readFile file)
      );
    in
    {
      inherit (whole) facts;
      want = whole.wantedOf it;
      inherit texts;
      holes = map (whole.holesOf it "app.service") texts;
    };

  sockets =
    file:
    let
      activated = specification {
        app = service { } // {
          sockets.app.socketConfig.ListenStream = "127.0.0.1:8080";
        };
      };
      inherit (whole.plan activated) units;
      more = line: unit: if unit == "app.socket" then "\n[Socket]\n${line}\n" else "";
    in
    map (line: whole.serviceHoles activated (unit: [ (units.${unit}.text + more line unit) ])) (
      fromJSON (readFile file)
    );

  mutants =
    let
      services = {
        user = service {
          Type = "notify";
          BindPaths = "/run/";
        };
        root = service { User = null; };
      };
      of = protection: (planWithout [ protection ]).plan (specification services);
    in
    listToAttrs (
      map
        (protection: {
          name = protection;
          value = (of protection).holes;
        })
        (filter (name: match "(property|dependency:service).*" name != null) (attrNames whole.protections))
    );
in
{
  inherit
    generated
    laid
    mutants
    sockets
    ;
  none =
    (whole.plan (specification {
      user = service { Type = "notify"; };
      root = service { User = null; };
    })).holes;
}
