/* The XPMEM interface among tasks: what one task made, the others attach; both see each other's stores.
 * @flags -lxpmem */
#include "check.h"
#include <xpmem.h>

struct shared {
  xpmem_segid_t segment;
  volatile int turn;
};

int main(int argc, char **argv) {
  static struct shared shared;
  void *mode = (void *)0600, *pointer;
  if (argc > 1) {
    EQ(pip_get_aux(&pointer), 0);
    struct shared *all = pointer;
    if (strcmp(argv[1], "owner") == 0) {
      int *memory = malloc(1 << 20);
      for (int i = 0; i < 1 << 18; i++) memory[i] = i;
      all->segment = xpmem_make(memory, 1 << 20, XPMEM_PERMIT_MODE, mode);
      CHECK(all->segment != -1);
      set(&all->turn, 1);
      await(&all->turn, 3);
      EQ(memory[1], 100);
      EQ(memory[2], 100);
      EQ(xpmem_remove(all->segment), 0);
      return finish();
    }
    await(&all->turn, 1);
    struct xpmem_addr address = {xpmem_get(all->segment, XPMEM_RDWR, XPMEM_PERMIT_MODE, mode), 0};
    CHECK(address.apid != -1);
    int *all_of_it = xpmem_attach(address, 1 << 20, NULL);
    EQ(all_of_it[(1 << 18) - 1], (1 << 18) - 1);
    address.offset = 4096;
    int *part = xpmem_attach(address, 4096, NULL);
    EQ(part[0], 1024);
    all_of_it[atoi(argv[1])] = 100;
    EQ(xpmem_detach(part), 0);
    EQ(xpmem_detach(all_of_it), 0);
    EQ(xpmem_release(address.apid), 0);
    add(&all->turn, 1);
    return finish();
  }
  EQ(xpmem_version(), XPMEM_CURRENT_VERSION);
  EQ(xpmem_init(), 0);
  errno = 0;
  EQ(xpmem_make(&shared, 0, XPMEM_PERMIT_MODE, mode), -1);
  EQ(errno, EINVAL);
  errno = 0;
  EQ(xpmem_get(xpmem_make(&shared, 8, XPMEM_PERMIT_MODE, mode), 4, XPMEM_PERMIT_MODE, mode), -1);
  EQ(errno, EINVAL);
  CHECK(xpmem_attach((struct xpmem_addr){-1, 0}, 8, NULL) == (void *)-1);
  begin(argv, 3);
  aux = &shared;
  start("owner", NULL);
  start("1", NULL);
  start("2", NULL);
  for (int i = 0; i < 3; i++) EQ(result(i), EXITED(0));
  return done();
}
