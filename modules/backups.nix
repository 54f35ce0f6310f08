# What NixOS's modules of backup programs have them read -> name of the service -> { named; excluded; }
#
#   named     paths, and commands that print paths
#   excluded  paths and patterns
#
# The modules write these into files, which the plan does not read as it reads commands.
{ config, lib }:
let
  inherit (config) services;
  listed =
    value: map (path: fromHome (toString path)) (if value == null then [ ] else lib.toList value);
  # The jobs run as root.
  fromHome = path: if lib.hasPrefix "~/" path then "/root${lib.removePrefix "~" path}" else path;
  of =
    prefix: named: jobs:
    lib.mapAttrs' (
      name: job:
      lib.nameValuePair "${prefix}${name}" {
        named = named job;
        excluded = listed (job.exclude or null);
      }
    ) jobs;
  borgmatic = services.borgmatic or { };
in
of "restic-backups-" (job: listed job.paths ++ listed (job.dynamicFilesFrom or null)) (
  services.restic.backups or { }
)
// of "borgbackup-job-" (job: listed job.paths) (services.borgbackup.jobs or { })
// of "tarsnap-" (job: listed job.directories) (services.tarsnap.archives or { })
// {
  duplicity = {
    named = if services.duplicity.enable or false then listed services.duplicity.root else [ ];
    excluded = listed (services.duplicity.exclude or null);
  };
  borgmatic = {
    named = lib.concatMap (settings: listed (settings.source_directories or null)) (
      lib.filter lib.isAttrs (
        [ (borgmatic.settings or null) ] ++ lib.attrValues (borgmatic.configurations or { })
      )
    );
    excluded = [ ];
  };
}
