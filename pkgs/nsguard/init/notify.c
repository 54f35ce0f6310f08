/* What a confined unit may tell the service manager, and how often (sd_notify(3)).
 *
 * Only the lines in ALLOWED pass. By MAINPID=, systemd would take another service's process for this unit's and stop
 * it; EXTEND_TIMEOUT_USEC= can delay a stop without end; what FDSTORE= keeps outlives the unit. The kernel closes
 * the descriptors that come with a message, because they are not received; that also answers BARRIER=1, in order.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "init.h"

/* A directory of the unit's own (modules/plan/confinement/front.nix). */
#ifndef NOTIFY
#define NOTIFY "/run/nsguard-notify"
#endif

enum { DIGITS = 20 };

static const struct {
	const char *name;
	/* NULL: digits; empty: text */
	const char *value;
} ALLOWED[] = {
	{ "READY=", "1" },    { "STOPPING=", "1" },	   { "RELOADING=", "1" },   { "WATCHDOG=", "1" },
	{ "WATCHDOG=", "trigger" }, { "MONOTONIC_USEC=", NULL }, { "ERRNO=", NULL }, { "STATUS=", "" },
};

static bool is_value(const char *value, size_t length, const char *allowed)
{
	if (allowed && *allowed)
		return length == strlen(allowed) && !memcmp(value, allowed, length);
	if (allowed)
		return true;
	for (size_t i = 0; i < length; i++)
		if (value[i] < '0' || value[i] > '9')
			return false;
	return length > 0 && length <= DIGITS;
}

static bool is_allowed(const char *line, size_t length)
{
	for (size_t i = 0; i < sizeof ALLOWED / sizeof *ALLOWED; i++) {
		size_t name = strlen(ALLOWED[i].name);

		if (length >= name && !memcmp(line, ALLOWED[i].name, name) &&
		    is_value(line + name, length - name, ALLOWED[i].value))
			return true;
	}
	return false;
}

/* Whether a terminal would act on the byte: C0, DEL, or one of the two bytes of C1 in UTF-8 (ECMA-48, 5.3). */
static bool is_control(const char *line, size_t length, size_t at)
{
	unsigned char byte = (unsigned char)line[at];
	unsigned char before = at ? (unsigned char)line[at - 1] : 0;
	unsigned char after = at + 1 < length ? (unsigned char)line[at + 1] : 0;

	return byte < ' ' || byte == 0x7f || (byte == 0xc2 && after >= 0x80 && after < 0xa0) ||
	       (before == 0xc2 && byte >= 0x80 && byte < 0xa0);
}

size_t notify_filter(const char *message, size_t length, char passed[MESSAGE])
{
	size_t used = 0;

	if (length > MESSAGE - 1)
		return 0;
	while (length) {
		const char *end = memchr(message, '\n', length);
		size_t line = end ? (size_t)(end - message) : length;

		if (is_allowed(message, line)) {
			for (size_t i = 0; i < line; i++)
				passed[used++] = is_control(message, line, i) ? '?' : message[i];
			passed[used++] = '\n';
		}
		message += line + (end != NULL);
		length -= line + (end != NULL);
	}
	return used;
}

int notify_listen(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int yes = 1, socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof address.sun_path, NOTIFY "/%d", (int)getpid());
	unlink(address.sun_path);
	if (socket_ < 0 || setsockopt(socket_, SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes) ||
	    bind(socket_, (struct sockaddr *)&address, sizeof address)) {
		say("%s: %s; the unit cannot tell systemd that it is ready", address.sun_path, strerror(errno));
		return -1;
	}
	/* A daemon may have become another user by the time that it sends its message. */
	chmod(address.sun_path, 0666);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	return socket_;
}

void notify_relay(int from, int to, pid_t sender)
{
	char message[MESSAGE], passed[MESSAGE];
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec part = { message, sizeof message };
	struct msghdr header = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control,
	};
	ssize_t length = recvmsg(from, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	struct cmsghdr *first = length < 0 ? NULL : CMSG_FIRSTHDR(&header);
	struct ucred said;
	size_t used;

	if (!first || first->cmsg_type != SCM_CREDENTIALS || header.msg_flags & MSG_TRUNC)
		return;
	memcpy(&said, CMSG_DATA(first), sizeof said);
	if (sender && said.pid != sender)
		return;
	used = notify_filter(message, (size_t)length, passed);
	/* Waits where systemd is slow to read, as the command itself would. */
	if (used)
		send(to, passed, used, MSG_NOSIGNAL);
}
