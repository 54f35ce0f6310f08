/* For the tests of notify_filter: reads messages from standard input, each after its length as four hexadecimal digits,
 * and writes what the filter passes to standard output in the same form. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "init.h"

void say(const char *format, ...)
{
	(void)format;
	abort();
}

int main(void)
{
	unsigned int length;

	while (scanf("%4x", &length) == 1) {
		/* As long as the message, so that the sanitizer notices a read beyond its end. */
		char *message = malloc(length ? length : 1), passed[MESSAGE];
		size_t used;

		if (!message || fread(message, 1, length, stdin) != length)
			return 1;
		used = notify_filter(message, length, passed);
		printf("%04zx", used);
		fwrite(passed, 1, used, stdout);
		free(message);
	}
	return 0;
}
