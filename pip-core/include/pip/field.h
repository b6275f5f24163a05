/*
 * pip/field.h - fields: named arrays that one PiP task writes step after step, without ever waiting for anybody, and that
 * other tasks read in place. Link with -lpip_field. C99, C11 and C++.
 *
 * A field has several buffers. The exporter fills the next one, publishes it as a step and goes on with another that nobody
 * reads. A reader waits for a step and holds it while it reads; nobody writes a step that is held. With n buffers n - 2
 * steps can be held at a time. Readers that are slow, stopped or killed cost the exporter nothing.
 *
 * Functions that return int return 0 or
 *   EPERM      the caller is no task of a PiP root (a root itself uses the Rust API),
 *   EINVAL     an argument is null or out of its range,
 * or one of the values listed; pip_field_message() then says in a sentence what was wrong. Timeouts are seconds, negative ones
 * for ever.
 */
#ifndef PIP_FIELD_H
#define PIP_FIELD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PIP_FIELD_MAX_DIMS 8

/* An exporter's field; a reader's view of one; a step that a reader holds. */
typedef struct pip_field pip_field_t;
typedef struct pip_field_view pip_field_view_t;
typedef struct pip_field_held pip_field_held_t;

/* The sentence for the last failure in the calling thread; valid until the next one. */
const char *pip_field_message(void);

/* ---- The exporter --------------------------------------------------------------------------------------------- */

/* Exports an array without gaps, the last index running fastest, as `name`. dtype is numpy's code of the elements, such as
 * "<f8" (double), "<i4" (int32_t), "|u1" (uint8_t). buffers: 3 to 16. Buffers hold zeros at first.
 *   EEXIST  this task already exports a field of that name     ENOMEM  no memory for the buffers */
int pip_field_export(const char *name, const char *dtype, int ndim, const size_t *shape, int buffers,
                     pip_field_t **field);

/* The buffer to write; another one after each publish and advance. What is in it is old. */
void *pip_field_next(pip_field_t *field);

/* The buffer that was finished last, to be read only; null before the first. */
const void *pip_field_current(pip_field_t *field);

/* The next buffer is complete and is `step`, which must be larger than the last one. It must not be written any more. */
int pip_field_publish(pip_field_t *field, uint64_t step);

/* The same, but no reader gets to see it. */
int pip_field_advance(pip_field_t *field);

/* Ends the field, and frees its buffers unless somebody holds one. */
void pip_field_withdraw(pip_field_t *field);

/* Frees the handle only: name and steps stay until this task ends. */
void pip_field_leave(pip_field_t *field);

/* ---- Readers -------------------------------------------------------------------------------------------------- */

struct pip_field_info {
    char dtype[8];  /* with a NUL behind it */
    int pipid;      /* the exporter */
    int ndim;
    size_t shape[PIP_FIELD_MAX_DIMS];
    ptrdiff_t strides[PIP_FIELD_MAX_DIMS]; /* in bytes */
    int places;     /* how many steps can be held at a time, by all readers together */
    int live;       /* not 0: there may be more steps */
    int has_step;   /* not 0: there is a newest step */
    uint64_t newest;
};

/* Finds a field; pipid: its exporter, or PIP_PIPID_ANY (-750). Waits until it is exported.
 *   ENOENT     nobody exported it in time     ENOTUNIQ  several tasks export it, and pipid is PIP_PIPID_ANY
 *   ECANCELED  the task has ended             ERANGE    no task can have this pipid
 *   EPROTO     the exporter was built with another version */
int pip_field_attach(int pipid, const char *name, double timeout, pip_field_view_t **view);

int pip_field_describe(const pip_field_view_t *view, struct pip_field_info *info);

/* Waits until `step` or a later one was published, and stores the newest unless that pointer is null.
 *   ETIMEDOUT  not in time     ECANCELED  the exporter has ended or withdrawn the field before */
int pip_field_wait(const pip_field_view_t *view, uint64_t step, double timeout, uint64_t *newest);

/* Holds a step and stores where its first element is. It must not be written.
 *   ESTALE  it was overwritten, or never published     EBUSY  all places are taken */
int pip_field_hold(const pip_field_view_t *view, uint64_t step, pip_field_held_t **held, const void **data);

void pip_field_release(pip_field_held_t *held);

/* Frees the view; steps that are held stay. */
void pip_field_detach(pip_field_view_t *view);

#ifdef __cplusplus
}
#endif

#endif
