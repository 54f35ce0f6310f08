# What NixOS's modules of backup programs have them read -> name of the service -> paths, and commands that print paths
#
# The modules write these into files, which the plan does not read as it reads commands.
{ config, lib }:
let
  of =
    prefix: paths: jobs:
    lib.mapAttrs' (name: job: lib.nameValuePair "${prefix}${name}" (map toString (paths job))) jobs;
  listed = value: if value == null then [ ] else lib.toList value;
  inherit (config) services;
in
of "restic-backups-" (job: listed job.paths ++ listed job.dynamicFilesFrom) (
  services.restic.backups or { }
)
// of "borgbackup-job-" (job: listed job.paths) (services.borgbackup.jobs or { })
// of "tarsnap-" (job: job.directories) (services.tarsnap.archives or { })
// {
  duplicity = [ (toString services.duplicity.root) ];
  borgmatic = lib.concatMap (settings: listed (settings.source_directories or null)) (
    lib.optional (services.borgmatic.settings != null) services.borgmatic.settings
    ++ lib.attrValues services.borgmatic.configurations
  );
}
