// Defaults of unsigned 64-bit fields. flatc's reflection has them as signed numbers and writes 0 where one does not fit, so
// they are read from the schema's text.
#pragma once

#include "diagnostics.h"
#include "model.h"
#include "source.h"

namespace idlc {

// Before the checks. Puts back what reflection has lost, also in included files, which are found by their paths from the
// folder of `source` or the present one; of those that are not there, defaults_known of their tables says so. Refused: a
// default that is none of numbers and names of values.
void restore_defaults(Schema& schema, const Source& source, Diagnostics& diagnostics);

}  // namespace idlc
