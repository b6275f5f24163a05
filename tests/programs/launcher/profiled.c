/* As two_messages.c, linked with a profiler.
 * @library count_sends.c */
#include "two_messages.c"
