/* Signals from one command of a unit to another, such as `kill -HUP $MAINPID` in ExecReload=.
 *
 * Where each command has a PID namespace of its own, $MAINPID names no process of the other. There the unit has
 * nsguard-init --signal=HUP in place of kill(1). It sends the signal's number by a message queue to the nsguard-init
 * that is process 1 of the main command, and that one signals the program. All commands of the unit share their
 * message queues, and nobody else does (systemd.exec(5), PrivateIPC=; mq_overview(7)).
 */
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "init.h"

static const char QUEUE[] = "/nsguard-signals";
/* A byte each, the signal's number. */
enum { WAITING = 8 };

int signal_number(const char *name)
{
	char *end;
	long number = strtol(name, &end, 10);

	if (end != name)
		return *end || number < 1 || number >= NSIG ? 0 : (int)number;
	if (!strncmp(name, "SIG", 3))
		name += 3;
	if (!strncmp(name, "RTMIN+", 6) && (number = strtol(name + 6, &end, 10)) <= SIGRTMAX - SIGRTMIN)
		return *end || number < 0 ? 0 : SIGRTMIN + (int)number;
	for (int i = 1; i < NSIG; i++)
		if (sigabbrev_np(i) && !strcmp(sigabbrev_np(i), name))
			return i;
	return 0;
}

int signals_listen(void)
{
	struct mq_attr shape = { .mq_maxmsg = WAITING, .mq_msgsize = 1 };
	int queue;

	/* The queue of an earlier start. */
	mq_unlink(QUEUE);
	queue = mq_open(QUEUE, O_RDONLY | O_CREAT | O_EXCL | O_NONBLOCK | O_CLOEXEC, 0600, &shape);
	if (queue < 0)
		say("no queue for signals: %s; LimitMSGQUEUE= and SystemCallFilter= of the unit must leave room for one",
		    strerror(errno));
	return queue;
}

int signals_take(int queue)
{
	char number;

	return mq_receive(queue, &number, 1, NULL) == 1 && number > 0 && number < NSIG ? number : 0;
}

int signal_main(int number)
{
	const char *main = getenv("MAINPID"), byte = (char)number;
	int queue;

	/* A systemd without PrivatePIDs= gives the unit no PID namespace, and then $MAINPID is right. */
	if (getpid() != 1 && main && atoi(main) > 1)
		queue = kill(atoi(main), number);
	else {
		queue = mq_open(QUEUE, O_WRONLY | O_CLOEXEC);
		queue = queue < 0 ? queue : mq_send(queue, &byte, 1, 0);
	}
	if (queue < 0)
		say("cannot signal the main process: %s; restart the unit", strerror(errno));
	return queue < 0 ? 1 : 0;
}
