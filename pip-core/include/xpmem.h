/*
 * xpmem.h - the interface of XPMEM (cross-partition memory) for PiP tasks; link with -lxpmem. All tasks and their root
 * share one address space, so nothing is ever mapped: a segment is its address, and an attachment is where the memory
 * already is. Segments need neither the kernel module nor permissions. Alignment to pages, which the kernel module
 * demands, is not needed either.
 *
 * Functions that fail return -1 (xpmem_attach: (void *)-1) and set errno; the only one is EINVAL: an argument that
 * makes no sense with XPMEM either, or an address for xpmem_attach() at which the memory is not.
 */
#ifndef XPMEM_H
#define XPMEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What xpmem_get() asks for. */
#define XPMEM_RDONLY 0x1
#define XPMEM_RDWR 0x2

/* The only kind of permission; its value is a file mode such as (void *)0600. It is checked for sense, not enforced. */
#define XPMEM_PERMIT_MODE 0x1
#define XPMEM_PERMIT_GROUP 0x2 /* refused, as by XPMEM */

/* A size for xpmem_make() that stands for everything from the address on. */
#define XPMEM_MAXADDR_SIZE ((size_t)-1)

#define XPMEM_CURRENT_VERSION 0x00022000

typedef intptr_t xpmem_segid_t;
typedef intptr_t xpmem_apid_t;

struct xpmem_addr {
  xpmem_apid_t apid; /* what xpmem_get() returned */
  off_t offset;      /* bytes from the segment's beginning */
};

/* XPMEM_CURRENT_VERSION */
int xpmem_version(void);

/* 0: there is no device to be opened. */
int xpmem_init(void);

/* A segment that begins at `vaddr`: its id, which is the address. EINVAL: no bytes, past the end, bad permissions. */
xpmem_segid_t xpmem_make(void *vaddr, size_t size, int permit_type, void *permit_value);

/* Withdraws a segment: 0. What is attached stays usable. EINVAL: the id of a failed xpmem_make(). */
int xpmem_remove(xpmem_segid_t segid);

/* Access to a segment. EINVAL: neither XPMEM_RDONLY nor XPMEM_RDWR, bad permissions, the id of a failed call. */
xpmem_apid_t xpmem_get(xpmem_segid_t segid, int flags, int permit_type, void *permit_value);

/* Gives access back: 0. EINVAL: the id of a failed xpmem_get(). */
int xpmem_release(xpmem_apid_t apid);

/*
 * Where the memory is. `vaddr` is null: it cannot be put elsewhere.
 * EINVAL: no bytes, a negative offset, past the end, the id of a failed call, another address wished for.
 */
void *xpmem_attach(struct xpmem_addr addr, size_t size, void *vaddr);

/* Ends an attachment: 0; the memory stays with its owner. EINVAL: what a failed xpmem_attach() returned. */
int xpmem_detach(void *vaddr);

#ifdef __cplusplus
}
#endif

#endif
