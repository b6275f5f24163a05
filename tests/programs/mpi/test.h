/* What the programs of this folder share. */
#ifndef TEST_H
#define TEST_H
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int me, np;

/* Ends the job unless a condition holds. */
#define require(condition) ((condition) ? (void)0 : failed(#condition, __FILE__, __LINE__))

static inline void failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "rank %d, %s:%d: %s\n", me, file, line, condition);
    MPI_Abort(MPI_COMM_WORLD, 9);
}

static inline void begin(int *argc, char ***argv) {
    MPI_Init(argc, argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &me);
    MPI_Comm_size(MPI_COMM_WORLD, &np);
    setvbuf(stdout, malloc(BUFSIZ), _IOLBF, BUFSIZ); /* MPICH unbuffers it, and the lines of ranks would mix */
    alarm(100); /* in case all watchdogs fail */
}

/* Bytes that tell one message from another. */
static inline void fill(void *at, int bytes, int key) {
    for (int i = 0; i < bytes; i++) ((unsigned char *)at)[i] = (unsigned char)(i * 7 + key * 31 + (i >> 8));
}
static inline int is_filled(const void *at, int bytes, int key) {
    for (int i = 0; i < bytes; i++)
        if (((const unsigned char *)at)[i] != (unsigned char)(i * 7 + key * 31 + (i >> 8))) return 0;
    return 1;
}

static inline const char *class_of(int error) {
    int class;
    MPI_Error_class(error, &class);
    switch (class) {
        case MPI_SUCCESS: return "success";
        case MPI_ERR_TRUNCATE: return "truncate";
        case MPI_ERR_RANK: return "rank";
        case MPI_ERR_TAG: return "tag";
        case MPI_ERR_COUNT: return "count";
        case MPI_ERR_TYPE: return "type";
        case MPI_ERR_COMM: return "comm";
        case MPI_ERR_BUFFER: return "buffer";
        case MPI_ERR_REQUEST: return "request";
        case MPI_ERR_IN_STATUS: return "in status";
        case MPI_ERR_ARG: return "argument";
        default: return "other";
    }
}
#endif
