/* Ends with what the preloaded library says, or 1 if there is none.
 * @part */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

int main(void) {
  int (*marker)(void) = (int (*)(void))dlsym(RTLD_DEFAULT, "marker");
  return marker ? marker() : 1;
}
