/*
 * The full 128-bit product of two 64-bit numbers, for hashing and for exact decimal conversion.
 */
#ifndef WH_BASE_WIDE_H
#define WH_BASE_WIDE_H

#include <stdint.h>

struct wh_wide {
    uint64_t high;
    uint64_t low;
};

/* In 32-bit halves: what machines without a 128-bit type run, and the twin that tests check. */
static inline struct wh_wide wh_wide_product_halves(uint64_t a, uint64_t b)
{
    uint64_t a_high = a >> 32, a_low = a & UINT32_MAX;
    uint64_t b_high = b >> 32, b_low = b & UINT32_MAX;
    uint64_t low = a_low * b_low;
    uint64_t middle = a_high * b_low + (low >> 32);
    uint64_t other = a_low * b_high + (middle & UINT32_MAX);
    return (struct wh_wide){
        .high = a_high * b_high + (middle >> 32) + (other >> 32),
        .low = other << 32 | (low & UINT32_MAX),
    };
}

static inline struct wh_wide wh_wide_product(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (struct wh_wide){ .high = (uint64_t)(product >> 64), .low = (uint64_t)product };
#else
    return wh_wide_product_halves(a, b);
#endif
}

#endif
