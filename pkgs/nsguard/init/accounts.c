/* Names for a user that exists only while its service runs (systemd.exec(5), DynamicUser=).
 *
 * Such a user is in no file. Programs outside ask systemd for its name, over a socket that confined programs do not
 * reach. In units whose /etc/passwd and /etc/group are links to the private directory ACCOUNTS
 * (modules/plan/confinement/accounts.nix), this writes these two files: the host's lines, and a line for the user
 * and the group of this process where the host has none.
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

enum { NAME_SIZE = 32 /* with the NUL at its end */, ID_FIELD = 2 /* passwd(5), group(5) */, DIRECTORY_SIZE = 1024 };

/* The line that may be added to a file: `fields` follows the number. */
struct account {
	const char *file, *fields;
	char name[NAME_SIZE];
	unsigned id;
	/* Whether the host's lines have the number, or the name. */
	bool known, taken;
};

/* Whether systemd would take the name for a user that it makes. */
static bool valid_name(const char *name, size_t length)
{
	if (length < 1 || length >= NAME_SIZE || !(isalpha((unsigned char)name[0]) || name[0] == '_'))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
			return false;
	return true;
}

static bool set_name(char name[NAME_SIZE], const char *wanted, size_t length)
{
	if (!valid_name(wanted, length))
		return false;
	memcpy(name, wanted, length);
	name[length] = '\0';
	return true;
}

/* The name if there is none, or if the host has given it to another number. */
static void unnamed(char name[NAME_SIZE], unsigned id)
{
	snprintf(name, NAME_SIZE, "nsguard-%u", id);
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

/* The value if a field may hold it; `otherwise` if not, or if it is not set. */
static const char *directory(const char *value, const char *otherwise)
{
	if (!value || value[0] != '/' || strlen(value) >= DIRECTORY_SIZE)
		return otherwise;
	for (const char *at = value; *at; at++)
		if (*at == ':' || iscntrl((unsigned char)*at))
			return otherwise;
	return value;
}

static bool has_name(const char *line, const char *name)
{
	size_t length = strlen(name);

	return !strncmp(line, name, length) && line[length] == ':';
}

static bool cannot_read(const char *file)
{
	say("cannot read the host's /etc/%s: %s; make it a file that all users may read", file, strerror(errno));
	return false;
}

static bool cannot_write(const char *file)
{
	const char *remedy = "regenerate the unit with nixos-rebuild switch";

	if (errno == EEXIST)
		remedy = "remove what the unit itself binds to " ACCOUNTS;
	else if (errno == ENOSPC || errno == ENOMEM)
		remedy = "the unit's memory must leave room for the host's /etc/passwd and /etc/group, 16 MB at most";
	say("cannot write " ACCOUNTS "/%s: %s; %s", file, strerror(errno), remedy);
	return false;
}

/* Copy the host's lines, and end the last one with a line feed. */
static bool copy(FILE *from, FILE *to, struct account *account)
{
	char *line = NULL;
	size_t space = 0;
	ssize_t length;
	bool ended = true, written = true, read;

	while (written && (length = getline(&line, &space, from)) > 0) {
		account->known = account->known || has_id(line, account->id);
		account->taken = account->taken || has_name(line, account->name);
		ended = line[length - 1] == '\n';
		written = fwrite(line, 1, (size_t)length, to) == (size_t)length;
	}
	read = !written || feof(from);
	if (!read)
		cannot_read(account->file);
	else if (!written || (!ended && fputc('\n', to) == EOF))
		written = cannot_write(account->file);
	free(line);
	return read && written;
}

/* Write the host's lines of a file, and the account's unless one of them has its number. */
static bool write_file(struct account *account)
{
	char path[64];
	FILE *from, *to;
	int file;

	snprintf(path, sizeof path, ACCOUNTS "/host/%s", account->file);
	from = fopen(path, "re");
	if (!from && errno != ENOENT)
		return cannot_read(account->file);
	snprintf(path, sizeof path, ACCOUNTS "/%s", account->file);
	file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0444);
	to = file < 0 ? NULL : fdopen(file, "w");
	if (!to)
		return cannot_write(account->file);
	if (from && !copy(from, to, account))
		return false;
	if (from)
		fclose(from);
	if (!account->known && account->taken)
		unnamed(account->name, account->id);
	if (!account->known && fprintf(to, "%s:x:%u%s\n", account->name, account->id, account->fields) < 0)
		return cannot_write(account->file);
	return fclose(to) == 0 || cannot_write(account->file);
}

bool accounts_write(const char *names)
{
	const char *colon = strchrnul(names, ':'), *made = getenv("USER");
	struct account user = { .file = "passwd", .id = getuid() };
	struct account group = { .file = "group", .id = getgid(), .fields = ":" };
	char fields[2 * DIRECTORY_SIZE + 16];

	/* For a unit whose name cannot be a user's, systemd makes up a name. */
	if (!set_name(user.name, names, (size_t)(colon - names)) && !(made && set_name(user.name, made, strlen(made))))
		unnamed(user.name, user.id);
	if (!*colon || !set_name(group.name, colon + 1, strlen(colon + 1)))
		strcpy(group.name, user.name);
	snprintf(fields, sizeof fields, ":%u::%s:%s", group.id, directory(getenv("HOME"), "/"),
		 directory(getenv("SHELL"), "/bin/sh"));
	user.fields = fields;
	return write_file(&user) && write_file(&group);
}
