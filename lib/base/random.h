/*
 * Bytes that nobody can foresee: for the seeds of hashes, and for names that no other run gives.
 */
#ifndef WH_BASE_RANDOM_H
#define WH_BASE_RANDOM_H

#include <stddef.h>

/* Fills `bytes`, at most 256 of them. Where the system has none to give, they are made of the time,
 * the process and an address, which tells runs apart and is hard, not impossible, to foresee. */
void wh_random_bytes(void *bytes, size_t count);

#endif
