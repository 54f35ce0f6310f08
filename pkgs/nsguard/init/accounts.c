/* A user that systemd makes for as long as its service runs (systemd.exec(5), DynamicUser=) is in no file: programs outside
 * ask systemd for its name by a socket that confined ones do not have. Where the unit's /etc/passwd and /etc/group lead to
 * ACCOUNTS (modules/plan/confinement/accounts.nix), a private directory, this writes them: the host's lines, and one for
 * this process's own user and group where they lack it.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

#ifndef ACCOUNTS
#define ACCOUNTS "/run/nsguard-accounts"
#endif

enum { NAME_LIMIT = 31, ID_FIELD = 2 /* passwd(5), group(5) */ };

/* As systemd takes them for a user that it makes. */
static bool valid_name(const char *name, size_t length)
{
	if (length < 1 || length > NAME_LIMIT || !(isalpha((unsigned char)name[0]) || name[0] == '_'))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
			return false;
	return true;
}

/* Whether a line of passwd(5) or group(5) has that number. */
static bool has_id(const char *line, unsigned id)
{
	char *end;

	for (int field = 0; field < ID_FIELD; field++) {
		line = strchr(line, ':');
		if (!line++)
			return false;
	}
	return isdigit((unsigned char)*line) && strtoul(line, &end, 10) == id && *end == ':';
}

/* What may stand in a field; `otherwise` for what may not, or is not set. */
static const char *directory(const char *value, const char *otherwise)
{
	if (!value || value[0] != '/' || strlen(value) > 1024)
		return otherwise;
	for (const char *at = value; *at; at++)
		if (*at == ':' || iscntrl((unsigned char)*at))
			return otherwise;
	return value;
}

/* The host's lines of a file and, unless one of them has the number, one more. */
static bool write_file(const char *name, unsigned id, const char *more)
{
	char path[64], *line = NULL;
	size_t space = 0;
	ssize_t length;
	FILE *from, *to;
	bool known = false, ended = true;
	int file;

	snprintf(path, sizeof path, ACCOUNTS "/%s", name);
	file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0444);
	if (file < 0)
		return false;
	to = fdopen(file, "w");
	if (!to)
		return false;
	snprintf(path, sizeof path, ACCOUNTS "/host/%s", name);
	from = fopen(path, "re");
	while (from && (length = getline(&line, &space, from)) > 0) {
		known = known || has_id(line, id);
		ended = line[length - 1] == '\n';
		fputs(line, to);
	}
	free(line);
	if (from)
		fclose(from);
	if (!known)
		fprintf(to, "%s%s", ended ? "" : "\n", more);
	return fclose(to) == 0;
}

bool accounts_write(const char *names)
{
	const char *colon = strchr(names, ':'), *user = names, *group = colon ? colon + 1 : names;
	size_t length = colon ? (size_t)(colon - names) : strlen(names);
	unsigned uid = getuid(), gid = getgid();
	char line[2400];

	/* systemd makes a name of its own for a unit whose name can be none. */
	if (!valid_name(user, length)) {
		user = getenv("USER");
		length = user ? strlen(user) : 0;
		if (!user || !valid_name(user, length)) {
			user = "nsguard";
			length = strlen(user);
		}
	}
	if (!valid_name(group, strlen(group))) {
		group = user;
	}
	snprintf(line, sizeof line, "%.*s:x:%u:%u::%s:%s\n", (int)length, user, uid, gid, directory(getenv("HOME"), "/"),
		 directory(getenv("SHELL"), "/bin/sh"));
	if (!write_file("passwd", uid, line)) {
		say("cannot write " ACCOUNTS "/passwd: %s; render the unit anew", strerror(errno));
		return false;
	}
	snprintf(line, sizeof line, "%.*s:x:%u:\n", group == user ? (int)length : NAME_LIMIT, group, gid);
	if (!write_file("group", gid, line)) {
		say("cannot write " ACCOUNTS "/group: %s; render the unit anew", strerror(errno));
		return false;
	}
	return true;
}
