/* The work beside a command: its output goes to the journal, its messages to systemd, and signals to the command. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "init.h"

/* Milliseconds for orphans of the command to end, and then for the journal to take the last lines. */
enum { LEFT_BEHIND = 5000, LAST_LINES = 2000 };
/* Messages to systemd: how many at once, and then the milliseconds between two. */
enum { BURST = 20, INTERVAL = 100 };

static long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int ascending(const void *one, const void *other)
{
	return *(const int *)one - *(const int *)other;
}

/* Close what belongs to the command alone: when the command closes a connection or pipe, no copy may keep it open. */
static void let_go(const struct front *front)
{
	int kept[] = { 2, front->streams[0].from, front->streams[0].to, front->streams[1].from, front->streams[1].to,
		       front->notify_from, front->notify_to, front->queue, front->signals, front->parent };
	size_t count = sizeof kept / sizeof *kept;
	int nothing = open("/dev/null", O_RDWR);
	struct stat error;

	dup2(nothing, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
	if (!is_journal(STDERR_FILENO) && !fstat(STDERR_FILENO, &error) && S_ISSOCK(error.st_mode))
		dup2(nothing, STDERR_FILENO);
	qsort(kept, count, sizeof *kept, ascending);
	for (size_t i = 0; i < count; i++) {
		int from = kept[i] < 2 ? 3 : kept[i] + 1, to = i + 1 < count ? kept[i + 1] - 1 : (int)(~0U >> 1);

		if (to >= from && (i + 1 == count || kept[i + 1] > 2))
			syscall(SYS_close_range, from, to, 0);
	}
}

/* Collect the children that have ended; whether any is left. */
static bool reap(struct front *front)
{
	pid_t ended;
	int status;

	while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
		if (ended == front->program) {
			front->running = false;
			front->status = status;
		}
	return ended == 0;
}

static void hand_on_signals(const struct front *front)
{
	struct signalfd_siginfo said;

	while (read(front->signals, &said, sizeof said) == sizeof said)
		if (front->running && said.ssi_signo != SIGCHLD && sigismember(&front->forward, (int)said.ssi_signo) == 1)
			kill(front->program, (int)said.ssi_signo);
}

/* Signal the program as systemd signalled the unit before the program existed; those in `forward` are still queued. */
static void hand_on_early(const struct front *front)
{
	for (int number = 1; number < NSIG; number++)
		if (number != SIGCHLD && sigismember(&front->early, number) == 1 && !sigismember(&front->forward, number))
			kill(front->program, number);
}

static void hand_on_queue(const struct front *front)
{
	int number;

	while ((number = signals_take(front->queue)))
		if (front->running)
			kill(front->program, number);
}

/* Milliseconds until another message may go to systemd, 0 if one may now. */
static long until_message(struct front *front)
{
	long earned = (now() - front->since) / INTERVAL;

	if (earned > 0) {
		front->spent = front->spent > earned ? front->spent - earned : 0;
		front->since += earned * INTERVAL;
	}
	return front->spent < BURST ? 0 : front->since + INTERVAL - now();
}

static void hand_on_message(struct front *front)
{
	front->spent++;
	notify_relay(front->notify_from, front->notify_to, !strcmp(front->notify, "main") ? front->program : 0);
}

/* Wait for work and do it, at most until `deadline` (0: without limit). */
static void attend(struct front *front, long deadline)
{
	enum { SIGNALS, PARENT, QUEUE, NOTIFY, FIRST_STREAM, COUNT = FIRST_STREAM + STREAMS };
	struct pollfd polled[COUNT] = {
		[SIGNALS] = { .fd = front->signals, .events = POLLIN },
		[PARENT] = { .fd = front->parent, .events = POLLIN },
		[QUEUE] = { .fd = front->queue, .events = POLLIN },
		[NOTIFY] = { .fd = -1, .events = POLLIN },
	};
	long wait = deadline ? deadline - now() : -1, pause = front->notify_from < 0 ? -1 : until_message(front);

	if (pause == 0)
		polled[NOTIFY].fd = front->notify_from;
	else if (pause > 0 && (wait < 0 || pause < wait))
		wait = pause;
	for (int i = 0; i < STREAMS; i++)
		polled[FIRST_STREAM + i].fd = stream_awaits(&front->streams[i], &polled[FIRST_STREAM + i].events);
	if (poll(polled, COUNT, deadline && wait < 0 ? 0 : (int)wait) <= 0)
		return;
	if (polled[SIGNALS].revents)
		hand_on_signals(front);
	if (polled[PARENT].revents)
		front->running = false;
	if (polled[QUEUE].revents)
		hand_on_queue(front);
	if (polled[NOTIFY].revents)
		hand_on_message(front);
	for (int i = 0; i < STREAMS; i++)
		if (polled[FIRST_STREAM + i].revents)
			stream_move(&front->streams[i]);
}

static bool is_moving(const struct front *front)
{
	short events;

	return stream_awaits(&front->streams[0], &events) >= 0 || stream_awaits(&front->streams[1], &events) >= 0;
}

/* Signals by which a service may be killed and systemd still says that it ended well. */
static int exit_status(const struct front *front, const char *path)
{
	static const char ends_well[] = { SIGHUP, SIGINT, SIGPIPE, SIGTERM, 0 };

	if (!WIFSIGNALED(front->status))
		return WEXITSTATUS(front->status);
	if (!strchr(ends_well, WTERMSIG(front->status)))
		say("%s was killed by signal %s%s", path, sigabbrev_np(WTERMSIG(front->status)),
		    WCOREDUMP(front->status) ? ", and dumped core" : "");
	return 128 + WTERMSIG(front->status);
}

/* Work until the program has ended, and as process 1 also its orphans. Returns the program's exit status. */
static int stay(struct front *front, const char *path)
{
	long deadline = 0;

	hand_on_early(front);
	while (reap(front) && (!deadline || now() < deadline)) {
		if (!front->running && !deadline && getpid() == 1) {
			/* As systemd does to the rest of a service whose main process has ended. */
			kill(-1, SIGTERM);
			kill(-1, SIGCONT);
			deadline = now() + LEFT_BEHIND;
		}
		attend(front, deadline);
	}
	for (int i = 0; i < BURST && front->notify_from >= 0; i++)
		hand_on_message(front);
	/* Processes that still hold a pipe are killed when process 1 ends, so there is no more to pass on. */
	deadline = now() + LAST_LINES;
	for (int i = 0; i < STREAMS; i++)
		stream_move(&front->streams[i]);
	while ((front->streams[0].start < front->streams[0].end || front->streams[1].start < front->streams[1].end) &&
	       now() < deadline)
		attend(front, deadline);
	return exit_status(front, path);
}

/* Beside the program: work until it has ended and nobody can write to its pipes any more. */
static int accompany(struct front *front)
{
	while (is_moving(front) || (front->running && front->notify_from >= 0))
		attend(front, 0);
	return 0;
}

int supervise(struct front *front, const char *path)
{
	sigset_t all;

	sigfillset(&all);
	front->signals = signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC);
	front->since = now();
	let_go(front);
	return front->stays ? stay(front, path) : accompany(front);
}
