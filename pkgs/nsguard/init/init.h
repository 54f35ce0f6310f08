/* The parts of nsguard-init; see main.c. */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* systemd.exec(5), "Process Exit Codes" */
enum { CANNOT_EXECUTE = 203 };
enum { FIRST_PASSED = 3 /* sd_listen_fds(3) */ };
/* systemd.service(5): as ExecCondition=, 1 to 254 would skip the unit quietly, and 255 makes it fail. */
enum { REFUSED = 255 };

/* One line on standard error, in one write. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* verify.c: 0 if this process is in the network namespace of that name, not in the host's; else REFUSED and a line. */
int verify(const char *name);

/* sockets.c: whether all sockets that the command would get belong to this process's network namespace; false and a line
 * if not. */
bool sockets_own(void);

/* accounts.c: write the private passwd and group files for "USER:GROUP" or "USER"; false and a line if it can't. */
bool accounts_write(const char *names);

/* signals.c: the number of a signal, given by its number or its name, with or without SIG; 0 for no signal. */
int signal_number(const char *name);
/* A queue for the signals that other commands of the unit send; -1 and a line if there can be none. */
int signals_listen(void);
/* The next of them, without waiting; 0 for none. */
int signals_take(int queue);
/* Signal the unit's main command. The exit status: 0, or 1 and a line. */
int signal_main(int number);

/* notify.c: the lines of a message (sd_notify(3)) that may go to the service manager: their length in `passed`. */
enum { MESSAGE = 4096 };
size_t notify_filter(const char *message, size_t length, char passed[MESSAGE]);
/* A socket for the command, whose address is set as $NOTIFY_SOCKET; -1 and a line if there can be none. */
int notify_listen(void);
/* Take one message from the command's socket, and pass on what may pass. sender: whose messages count, 0: all. */
void notify_relay(int from, int to, pid_t sender);

/* stream.c: a pipe in place of a descriptor that systemd connected to the journal, and where its bytes go. */
struct stream {
	int from, to;
	size_t start, end;
	char bytes[16384];
};
bool is_journal(int descriptor);
/* False and a line if there can be no pipe. `inside` is what the command gets in place of `outside`. */
bool stream_open(struct stream *stream, int outside, int *inside);
/* Move what can be moved without waiting; closes `from` at its end. */
void stream_move(struct stream *stream);
/* What to wait for: POLLIN of `from`, POLLOUT of `to`, nothing (descriptor -1) when all is done. */
int stream_awaits(const struct stream *stream, short *events);

enum { STREAMS = 2 };
/* The options and the state for one command. Descriptors that do not exist are -1. */
struct front {
	const char *netns, *argv0, *notify, *accounts;
	/* stays: as the process that systemd knows, and the program is its child */
	bool journal, signalled, stays, own_sockets;
	int signal;
	/* Signals to pass on to the program; and those that came before it existed. */
	sigset_t forward, early;
	struct stream streams[STREAMS];
	int inside[STREAMS];
	int notify_from, notify_to, queue;
	/* signalfd(2); and where this process stands beside the program, pidfd_open(2) of that */
	int signals, parent;
	pid_t program;
	bool running;
	int status;
	/* Messages sent lately, and since when they are counted (milliseconds). */
	long spent, since;
};

/* supervise.c: close what is the command's alone, and work while it runs. Returns the exit status. */
int supervise(struct front *front, const char *path);
