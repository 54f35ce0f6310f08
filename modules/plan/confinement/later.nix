# What the host starts later for a user, and that user may own. They are parts of the protection `left-for-later`.
#
# A path of its own for each: systemd ignores a line for /usr itself beside an extension. Elsewhere in /usr only root owns
# files. Cron and at of NixOS let only root and their own groups write there; those of other makers may not.
{
  programs = {
    guards = "programs that users' shells find in /usr/local";
    words = [ "/usr/local" ];
  };
  tables = {
    guards = "the tables and jobs of cron and at";
    words = [
      "/var/cron"
      "/var/spool/anacron"
      "/var/spool/at"
      "/var/spool/atjobs"
      "/var/spool/cron"
      "/var/spool/fcron"
      "/var/spool/incron"
    ];
  };
}
