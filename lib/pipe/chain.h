/*
 * A chain: several stages in one process that are one stage. What a stage emits goes straight into
 * the next one, as fields, without being written and read in between; what the last one emits
 * leaves the chain. Any of them may be a chain.
 *
 * It does what a pipe of tools does, each with one of the stages, but for these:
 * - A row that a later stage finds bad while an earlier one is at it is bad for that one too, so
 *   that it teaches none of them, and the rejects get it as it came into the chain. In a pipe the
 *   earlier tool has learned from it by then, and the later one rejects what that has made of it.
 * - The chain fails as a whole: where a stage must end the run, that is the run of all of them.
 * - `through` of control records names all recipes in one item, joined by "+".
 * - Members for --stats are those of all stages, in the order of the chain, as an array "stages".
 *
 * Everything else is handed to the stages in their order: begin, settle, checkpoint, finish,
 * committed, broken, tick, published, summary. Each is settled again when the one before it has
 * finished, since that may have emitted rows. The lag is that of the last stage that has one. A
 * chain is as safe among threads as its stages are, and has nothing in common with other chains.
 */
#ifndef WH_PIPE_CHAIN_H
#define WH_PIPE_CHAIN_H

#include <stddef.h>

#include "pipe/stage.h"

/* `count` stages, 1 or more, none of which is used otherwise any more: closing the chain closes
 * them. Never fails. */
struct wh_stage *wh_chain_open(struct wh_stage *const *stages, size_t count);

#endif
