/* The smallest program that is not linked with libpip.
 * @part */
#include <stdio.h>

int main(void) { return puts("hello") < 0; }
