/* Sockets that this process was started with.
 *
 * A socket stays in the network namespace in which it was made, and shows that namespace's addresses to its holder. The
 * evaluation puts the sockets that it knows into the service's namespace; systemd makes those of a package's own file on
 * the host. Variables are the unit's to set, so they tell names only: every descriptor is looked at.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "init.h"

/* The network namespace of a socket (SO_NETNS_COOKIE, since Linux 5.14); 0 if the kernel does not tell. */
static uint64_t namespace_of(int descriptor)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof cookie;

	return getsockopt(descriptor, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) ? 0 : cookie;
}

/* The same of this process. RestrictAddressFamilies= forbids socket(2), but no socketpair(2) (systemd.exec(5)). */
static uint64_t own_namespace(void)
{
	uint64_t cookie = 0;
	int ends[2];

	if (!socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends)) {
		cookie = namespace_of(ends[0]);
		close(ends[0]);
		close(ends[1]);
	}
	return cookie;
}

/* The name that LISTEN_FDNAMES gives a descriptor. */
static const char *name_of(int descriptor)
{
	static char copy[4096];
	const char *names = getenv("LISTEN_FDNAMES");
	char *more = copy, *name = NULL;

	if (names && strlen(names) < sizeof copy)
		strcpy(copy, names);
	for (int i = FIRST_PASSED; i <= descriptor; i++)
		name = more ? strsep(&more, ":") : NULL;
	return name && *name ? name : "without a name";
}

/* Whether the command would get a socket by this descriptor, other than the journal's, which --journal replaces. The
 * unit's own filter may kill for calls about sockets, so there is none about other files. */
static bool is_passed(int descriptor)
{
	int flags = fcntl(descriptor, F_GETFD);
	struct stat file;

	return flags >= 0 && !(flags & FD_CLOEXEC) && !fstat(descriptor, &file) && S_ISSOCK(file.st_mode) &&
	       !((descriptor == STDOUT_FILENO || descriptor == STDERR_FILENO) && is_journal(descriptor));
}

static bool is_own(int descriptor)
{
	uint64_t theirs, own;

	if (!is_passed(descriptor))
		return true;
	theirs = namespace_of(descriptor);
	own = own_namespace();
	if (!theirs || !own)
		say("descriptor %d (%s): cannot tell the network namespace of this socket: the kernel is older than 5.14, or "
		    "SystemCallFilter= of the unit denies socketpair or getsockopt",
		    descriptor, name_of(descriptor));
	else if (theirs != own)
		say("descriptor %d (%s) is a socket of another network namespace and would show its addresses; define it with "
		    "systemd.sockets, not by a package's file; if OpenFile= or StandardInput= opens it, remove that line; or let "
		    "nothing pass it to this unit",
		    descriptor, name_of(descriptor));
	return theirs && theirs == own;
}

/* A number above all descriptors of this process (proc_pid_status(5), FDSize); 0 and a line if it is not known. The
 * unit's own filter may kill for reading a directory. */
static int descriptors(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	int size = 0;

	while (status && !size && fgets(line, sizeof line, status))
		sscanf(line, "FDSize: %d", &size);
	if (size <= 0)
		say("cannot tell which sockets this unit was passed: /proc/self/status cannot be read");
	if (status)
		fclose(status);
	return size;
}

bool sockets_own(void)
{
	int size = descriptors(), i = 0;

	while (i < size && is_own(i))
		i++;
	return size > 0 && i == size;
}
