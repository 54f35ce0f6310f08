/* The check that this process is in the right network namespace.
 *
 * systemd starts a service in the host's network namespace when entering another is refused (EPERM at setns is not
 * fatal to it, systemd issue 29429). It fails closed: whatever goes wrong, the program is not started.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

#ifndef RUN
#define RUN "/run/nsguard"
#endif

/* As in paths.py: it becomes a part of a file's name. */
static bool valid_name(const char *name)
{
	size_t length = strlen(name);

	if (length < 1 || length > 32 || !isalnum((unsigned char)name[0]))
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
			return false;
	return true;
}

/* In a confined unit RUN is a bind mount of RUN/NAME/inside; on the host it holds every namespace. */
static int open_identity(const char *name)
{
	char path[sizeof RUN "//inside/identity" + 32];
	int file = open(RUN "/identity", O_RDONLY | O_CLOEXEC);

	if (file >= 0 || errno != ENOENT)
		return file;
	snprintf(path, sizeof path, RUN "/%s/inside/identity", name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

int verify(const char *name)
{
	unsigned long inside, host, own;
	char text[256], end;
	struct stat status;
	ssize_t length;
	int file;

	if (!valid_name(name)) {
		say("cannot tell where this process is: its unit names no namespace; regenerate it with nixos-rebuild switch");
		return REFUSED;
	}
	file = open_identity(name);
	length = file < 0 ? -1 : read(file, text, sizeof text - 1);
	if (length < 0 || stat("/proc/self/ns/net", &status)) {
		say("%s: cannot tell where this process is: %s; is nsguard-netns-%s.service up?", name, strerror(errno), name);
		return REFUSED;
	}
	close(file);
	text[length] = '\0';
	if (sscanf(text, "namespace %lu host %lu %c", &inside, &host, &end) != 2) {
		say("%s: cannot tell where this process is: the identity file is malformed; "
		    "reload nsguard-netns-%s.service",
		    name, name);
		return REFUSED;
	}
	own = status.st_ino;
	if (own == host) {
		say("%s: this process is in the host's network namespace; its unit needs NetworkNamespacePath=", name);
		return REFUSED;
	}
	if (own != inside) {
		say("%s: this process is in network namespace %lu, not %lu; restart it after nsguard-netns-%s.service",
		    name, own, inside, name);
		return REFUSED;
	}
	return 0;
}
