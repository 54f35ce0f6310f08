/* nsguard-init [OPTION…] [PROGRAM [ARGUMENT…]]: what systemd starts in place of each command of a confined unit.
 *
 *   --netns=NAME      end here unless this process is in that network namespace
 *   --journal         give the command a pipe in place of systemd's connection to the journal
 *   --notify=main|all hand on what the command, or all of the unit, may tell systemd
 *   --own-sockets     end here if the program would get a socket of another network namespace (sockets.c)
 *   --forward=SIGNAL  hand on a signal that systemd sends to the main process alone
 *   --stay            be the process that systemd knows, and hand on all signals to it
 *   --signalled       hand on the signals that other commands of the unit send by --signal
 *   --signal=SIGNAL   in place of a program: signal the unit's main command (signals.c)
 *   --argv0=NAME      what the program is to be called
 *   --accounts=USER:GROUP  write the files by which this process's user and group have these names (accounts.c)
 *
 * First it checks that it is in the right namespace; then it becomes the program. If it has work to do while the
 * program runs, there are two processes. In a unit with a PID namespace of its own, this process stays process 1 and
 * the program is its child: process 1 is not ended by signals that it does not catch, and must wait for orphans
 * (pid_namespaces(7)), which few programs are made for. It ends as the program ended. With --stay, this process stays
 * the main process as well: when that of a unit with KillMode=mixed ends, systemd kills all others, and the program's
 * last words would be lost. In other units the program keeps the process number that systemd knows, and a second
 * process does the work.
 *
 * What systemd connected in the host's network namespace stays in here: no other process may look into this one.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "init.h"

static const char NOTIFY_NAME[] = "nsguard-notify";

void say(const char *format, ...)
{
	char line[1024] = "nsguard: ";
	size_t start = strlen(line);
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line + start, sizeof line - start - 1, format, arguments);
	va_end(arguments);
	length = length < 0 ? 0 : length < (int)(sizeof line - start - 1) ? length : (int)(sizeof line - start - 2);
	line[start + (size_t)length] = '\n';
	if (write(STDERR_FILENO, line, start + (size_t)length + 1) < 0)
		return;
}

/* Read the options into `front`. Returns the words of the program; NULL, after a message, for wrong options. */
static char **parse(int count, char **words, struct front *front)
{
	static const struct option OPTIONS[] = {
		{ "accounts", required_argument, NULL, 'u' }, { "argv0", required_argument, NULL, 'a' },
		{ "forward", required_argument, NULL, 'f' },  { "journal", no_argument, NULL, 'j' },
		{ "netns", required_argument, NULL, 'n' },    { "notify", required_argument, NULL, 't' },
		{ "own-sockets", no_argument, NULL, 'o' },    { "signal", required_argument, NULL, 's' },
		{ "signalled", no_argument, NULL, 'l' },      { "stay", no_argument, NULL, 'y' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	opterr = 0;
	while ((option = getopt_long(count, words, "+", OPTIONS, NULL)) >= 0) {
		if (option == 'u')
			front->accounts = optarg;
		else if (option == 'a')
			front->argv0 = optarg;
		else if (option == 'j')
			front->journal = true;
		else if (option == 'l')
			front->signalled = true;
		else if (option == 'n')
			front->netns = optarg;
		else if (option == 'o')
			front->own_sockets = true;
		else if (option == 'y')
			front->stays = !sigfillset(&front->forward);
		else if (option == 's' && signal_number(optarg))
			front->signal = signal_number(optarg);
		else if (option == 't' && (!strcmp(optarg, "main") || !strcmp(optarg, "all")))
			front->notify = optarg;
		else if (option != 'f' || !signal_number(optarg) || sigaddset(&front->forward, signal_number(optarg))) {
			say("%s: not an option of nsguard-init, which units start; regenerate the unit with nixos-rebuild switch",
			    words[optind - 1]);
			return NULL;
		}
	}
	return words + optind;
}

/* Take the descriptor of that name from those that systemd passed: the command gets only the others. -1 if missing. */
static int take(const char *name)
{
	const char *count = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
	int passed = count ? atoi(count) : 0, taken = -1;
	char rest[4096] = "", copy[4096], number[16];
	char *word, *more = copy;

	if (!names || strlen(names) >= sizeof copy)
		return -1;
	strcpy(copy, names);
	for (int i = FIRST_PASSED; (word = strsep(&more, ":")) && i < FIRST_PASSED + passed; i++) {
		if (taken < 0 && !strcmp(word, name)) {
			taken = fcntl(i, F_DUPFD_CLOEXEC, FIRST_PASSED + passed);
			close(i);
			continue;
		}
		if (taken >= 0 && (dup2(i, i - 1) < 0 || close(i)))
			return -1;
		if (*rest)
			strcat(rest, ":");
		strcat(rest, word);
	}
	if (taken < 0)
		return -1;
	snprintf(number, sizeof number, "%d", passed - 1);
	setenv("LISTEN_FDS", number, 1);
	setenv("LISTEN_FDNAMES", rest, 1);
	if (passed == 1) {
		unsetenv("LISTEN_FDS");
		unsetenv("LISTEN_FDNAMES");
		unsetenv("LISTEN_PID");
	}
	return taken;
}

/* Set up pipes, queue and sockets for the work beside the command; false, after a message, if one cannot be made. */
static bool prepare(struct front *front)
{
	struct stat output, error;
	char stream[64];

	for (int i = 0; i < STREAMS; i++) {
		front->streams[i] = (struct stream){ .from = -1, .to = -1 };
		front->inside[i] = -1;
		if (!front->journal || !is_journal(STDOUT_FILENO + i))
			continue;
		/* One connection for both keeps their order. */
		if (i && front->inside[0] >= 0 && !fstat(STDOUT_FILENO, &output) && !fstat(STDERR_FILENO, &error) &&
		    output.st_ino == error.st_ino && output.st_dev == error.st_dev)
			front->inside[i] = front->inside[0];
		else if (!stream_open(&front->streams[i], STDOUT_FILENO + i, &front->inside[i]))
			return false;
		/* A program compares this with its output to learn that the journal reads it (systemd.exec(5)). */
		if (getenv("JOURNAL_STREAM") && !fstat(front->inside[i], &output)) {
			snprintf(stream, sizeof stream, "%lu:%lu", (unsigned long)output.st_dev, (unsigned long)output.st_ino);
			setenv("JOURNAL_STREAM", stream, 1);
		}
	}
	front->queue = front->notify_from = front->notify_to = -1;
	if (front->signalled && getpid() == 1) {
		front->queue = signals_listen();
		if (front->queue < 0)
			return false;
	}
	front->notify_to = take(NOTIFY_NAME);
	/* If a standard stream is a socket, systemd passes it to all commands, also to those that may tell systemd nothing. */
	if (!front->notify) {
		if (front->notify_to >= 0)
			close(front->notify_to);
		front->notify_to = -1;
		return true;
	}
	if (front->notify_to < 0) {
		say("systemd passed no descriptor %s; regenerate the unit with nixos-rebuild switch", NOTIFY_NAME);
		return false;
	}
	front->notify_from = notify_listen();
	return front->notify_from >= 0;
}

/* Put the command's process number into a variable in which systemd wrote that of the process that it started. */
static void renumber(const char *variable)
{
	char number[16];

	snprintf(number, sizeof number, "%d", (int)getpid());
	if (getenv(variable))
		setenv(variable, number, 1);
}

/* Execute the program; returns only if that fails. apart: whether systemd started another process than this one. */
static int become(const struct front *front, char **program, const sigset_t *mask, bool apart)
{
	const char *path = program[0];

	for (int i = 0; i < STREAMS; i++)
		if (front->inside[i] >= 0 && dup2(front->inside[i], STDOUT_FILENO + i) < 0)
			return CANNOT_EXECUTE;
	if (apart) {
		renumber("LISTEN_PID");
		renumber("SYSTEMD_EXEC_PID");
		renumber("WATCHDOG_PID");
		unsetenv("LISTEN_PIDFDID");
		if (!isatty(STDIN_FILENO))
			setsid();
	}
	if (front->argv0)
		program[0] = (char *)front->argv0;
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(path, program);
	say("cannot execute %s: %s", path, strerror(errno));
	return CANNOT_EXECUTE;
}

/* As fork(2), but the new process is no child of this one, so that the command will not have to wait for it. */
static pid_t fork_away(void)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		child = fork();
		if (child)
			_exit(child < 0 ? errno : 0);
		return 0;
	}
	if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status)) {
		errno = WEXITSTATUS(status);
		return -1;
	}
	return child;
}

int main(int count, char **words)
{
	struct front front = { .signals = -1, .parent = -1, .stays = getpid() == 1 };
	sigset_t all, mask;
	char **program;
	pid_t child;

	/* Process 1 loses a signal that it neither blocks nor catches, and systemd sends SIGTERM only once. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &mask);
	sigemptyset(&front.forward);
	program = parse(count, words, &front);
	if (!program)
		return REFUSED;
	if (front.netns && verify(front.netns))
		return REFUSED;
	if (front.accounts && !accounts_write(front.accounts))
		return REFUSED;
	if (front.signal) {
		sigprocmask(SIG_SETMASK, &mask, NULL);
		return signal_main(front.signal);
	}
	if (!*program)
		return 0;
	if (prctl(PR_SET_DUMPABLE, 0) || !prepare(&front) || (front.own_sockets && !sockets_own()))
		return REFUSED;
	if (!front.stays && front.inside[0] < 0 && front.inside[1] < 0 && front.notify_from < 0)
		return become(&front, program, &mask, false);
	front.program = getpid();
	front.running = true;
	if (!front.stays)
		front.parent = (int)syscall(SYS_pidfd_open, front.program, 0);
	sigpending(&front.early);
	child = front.stays ? fork() : fork_away();
	if (child < 0) {
		say("no second process: %s; LimitNPROC= and TasksMax= of the unit must leave room for one more",
		    strerror(errno));
		return REFUSED;
	}
	if (front.stays == !child)
		return become(&front, program, &mask, front.stays);
	if (front.stays)
		front.program = child;
	return supervise(&front, program[0]);
}
