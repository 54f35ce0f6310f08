/* A pipe in place of the journal's connection.
 *
 * systemd connects standard output and error to the journal before it enters the unit's network namespace, and a
 * socket keeps the namespace in which it was made: with ioctl(2) on it, a program can read the addresses of the
 * host's links (netdevice(7)). So the command gets a pipe, and this process passes its bytes to systemd's
 * connection. systemd has told the journal the unit of that connection, so lines are known as the unit's even when
 * the process that wrote them is gone (systemd issue 2913).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "init.h"

enum { TURNS = 8 };
/* Of the journal, or of a namespace of it (systemd-journald.service(8)). */
static const char JOURNAL[] = "/run/systemd/journal", STDOUT[] = "/stdout";

bool is_journal(int descriptor)
{
	struct sockaddr_un peer = { 0 };
	socklen_t size = sizeof peer - 1;
	size_t length;

	if (getpeername(descriptor, (struct sockaddr *)&peer, &size) || peer.sun_family != AF_UNIX)
		return false;
	length = strlen(peer.sun_path);
	return length > sizeof STDOUT && !strncmp(peer.sun_path, JOURNAL, sizeof JOURNAL - 1) &&
	       !strcmp(peer.sun_path + length - (sizeof STDOUT - 1), STDOUT);
}

bool stream_open(struct stream *stream, int outside, int *inside)
{
	int ends[2];

	*stream = (struct stream){ .from = -1, .to = -1 };
	if (pipe2(ends, O_CLOEXEC)) {
		say("no pipe to the journal: %s", strerror(errno));
		return false;
	}
	stream->from = ends[0];
	/* Above the numbers of the standard streams, which the command's pipes will get. */
	stream->to = fcntl(outside, F_DUPFD_CLOEXEC, 3);
	*inside = ends[1];
	return stream->to >= 0 && fcntl(stream->from, F_SETFL, O_NONBLOCK) == 0;
}

void stream_move(struct stream *stream)
{
	ssize_t count;

	/* A limit, so that a command that writes without end does not hold up everything else. */
	for (int turn = 0; turn < TURNS; turn++) {
		if (stream->start == stream->end) {
			if (stream->from < 0)
				return;
			count = read(stream->from, stream->bytes, sizeof stream->bytes);
			if (count < 0)
				return;
			if (count == 0) {
				close(stream->from);
				stream->from = -1;
				return;
			}
			stream->start = 0;
			stream->end = (size_t)count;
		}
		count = send(stream->to, stream->bytes + stream->start, stream->end - stream->start,
			     MSG_DONTWAIT | MSG_NOSIGNAL);
		if (count < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		/* Without a journal the bytes are lost, and the command goes on. */
		stream->start = count < 0 ? stream->end : stream->start + (size_t)count;
	}
}

int stream_awaits(const struct stream *stream, short *events)
{
	bool held = stream->start < stream->end;

	*events = held ? POLLOUT : POLLIN;
	return held ? stream->to : stream->from;
}
