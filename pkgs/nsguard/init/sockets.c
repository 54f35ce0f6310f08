/* Sockets that this process was started with.
 *
 * A socket stays in the network namespace in which it was made, and shows that namespace's addresses to its holder. The
 * evaluation puts the sockets that it knows into the service's namespace; systemd makes those of a package's own file on
 * the host.
 */
#include <stdint.h>
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

/* The same of this process. The unit's own settings may forbid some address families. */
static uint64_t own_namespace(void)
{
	static const int FAMILIES[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK };
	uint64_t cookie = 0;

	for (size_t i = 0; !cookie && i < sizeof FAMILIES / sizeof *FAMILIES; i++) {
		int made = socket(FAMILIES[i], SOCK_DGRAM | SOCK_CLOEXEC, 0);

		if (made < 0)
			continue;
		cookie = namespace_of(made);
		close(made);
	}
	return cookie;
}

/* The name that systemd gave a descriptor, of the list in LISTEN_FDNAMES, which this cuts; NULL for none. */
static const char *next_name(char **names)
{
	return *names ? strsep(names, ":") : NULL;
}

bool sockets_own(void)
{
	const char *count = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
	char copy[4096] = "", *more = copy;
	int last = FIRST_PASSED + (count ? atoi(count) : 0);

	if (names && strlen(names) < sizeof copy)
		strcpy(copy, names);
	for (int i = 0; i < last; i++) {
		const char *name = i < FIRST_PASSED ? NULL : next_name(&more);
		struct stat file;
		uint64_t theirs;

		/* The unit's own filter may kill for calls about sockets, so there is none about other files. */
		if (fstat(i, &file) || !S_ISSOCK(file.st_mode) || (i < FIRST_PASSED && is_journal(i)))
			continue;
		theirs = namespace_of(i);
		if (theirs && theirs == own_namespace())
			continue;
		say("descriptor %d (%s) is a socket of another network namespace and would show its addresses; define the "
		    "socket with systemd.sockets, not by a package's file, or let nothing pass it to this unit",
		    i, name && *name ? name : "without a name");
		return false;
	}
	return true;
}
