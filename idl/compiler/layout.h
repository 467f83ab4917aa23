// Where the fields of a table lie in its message.
//
//   encoding 1   [ flat words ]
//   encoding 2   [ flat words; the first 16 bits are their number ][ gap up to word 4 ][ tail ]
//   encoding 3   the same with one flat word, whose upper half describes the tail: a FlatBuffer
//
// Flat fields lie in the order of their ids, each aligned to its size; a string or vector has 32 bits there; a struct
// of more than a word fills whole words; capabilities travel beside the words. Before the first scalar that may be
// absent, and before every eighth after it, lies a byte with a bit for each that says whether it is there. A deprecated
// field keeps its place. So a new field at the end moves nothing.
#pragma once

#include "model.h"

namespace idlc {

// For tables whose fields have passed check_types(). Sets offsets, cap indexes and the table's sums.
void lay_out(Table& table);

}  // namespace idlc
