/*
 * pip/pip_machdep.h - spin locks, atomic operations and memory barriers on memory that tasks share. All of it is inline
 * and needs no library. Every operation that changes memory is a full barrier, as PiP programs expect.
 */
#ifndef PIP_PIP_MACHDEP_H
#define PIP_PIP_MACHDEP_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 0 is an unlocked lock. */
typedef volatile uint32_t pip_spinlock_t;
typedef volatile intptr_t pip_atomic_t;

#define PIP_CACHEBLK_SZ 64
#define PIP_LOCK_UNLOCKED 0
#define PIP_LOCK_OTHERWISE 0xFFFFFFFF

/* Within a loop that waits: lets the other hardware thread of the core have it. */
static inline void pip_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __asm__ __volatile__("pause" ::: "memory");
#elif defined(__aarch64__)
  __asm__ __volatile__("yield" ::: "memory");
#else
  __asm__ __volatile__("" ::: "memory");
#endif
}

/* Stores before it are seen before stores after it. */
static inline void pip_write_barrier(void) { __atomic_thread_fence(__ATOMIC_RELEASE); }

/* Loads and stores before it are done before those after it. */
static inline void pip_memory_barrier(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

/* Stores `desired` if the value is `expected`; whether it did. */
static inline int pip_comp_and_swap(pip_spinlock_t *word, uint32_t expected, uint32_t desired) {
  return __atomic_compare_exchange_n(word, &expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* The same for an atomic of a pointer's size. */
static inline int pip_comp2_and_swap(pip_atomic_t *word, intptr_t expected, intptr_t desired) {
  return __atomic_compare_exchange_n(word, &expected, desired, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Adds; the value before. */
static inline intptr_t pip_atomic_fetch_and_add(pip_atomic_t *word, intptr_t value) {
  return __atomic_fetch_add(word, value, __ATOMIC_SEQ_CST);
}

/* Subtracts; the value after. */
static inline intptr_t pip_atomic_sub_and_fetch(pip_atomic_t *word, intptr_t value) {
  return __atomic_sub_fetch(word, value, __ATOMIC_SEQ_CST);
}

static inline void pip_spin_init(pip_spinlock_t *lock) { __atomic_store_n(lock, PIP_LOCK_UNLOCKED, __ATOMIC_SEQ_CST); }

/* Takes the lock by storing `value`, which is not 0, if it is free; what it held before: 0 if it was taken now. */
static inline uint32_t pip_spin_trylock_wv(pip_spinlock_t *lock, uint32_t value) {
  uint32_t held = __atomic_load_n(lock, __ATOMIC_RELAXED); /* looking first leaves the cache line shared */
  if (held == PIP_LOCK_UNLOCKED) {
    (void)__atomic_compare_exchange_n(lock, &held, value, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  }
  return held;
}

/* Waits until it has taken the lock by storing `value`. */
static inline void pip_spin_lock_wv(pip_spinlock_t *lock, uint32_t value) {
  while (pip_spin_trylock_wv(lock, value) != PIP_LOCK_UNLOCKED) pip_pause();
}

/* Takes the lock if it is free; whether it did. */
static inline int pip_spin_trylock(pip_spinlock_t *lock) { return pip_spin_trylock_wv(lock, 1) == PIP_LOCK_UNLOCKED; }

/* Waits until it has taken the lock. */
static inline void pip_spin_lock(pip_spinlock_t *lock) { pip_spin_lock_wv(lock, 1); }

/* Gives the lock back; returns 0. */
static inline int pip_spin_unlock(pip_spinlock_t *lock) {
  __atomic_store_n(lock, PIP_LOCK_UNLOCKED, __ATOMIC_SEQ_CST);
  return 0;
}

#ifdef __cplusplus
}
#endif

#endif
