// Understands the attributes of what the compiled file declares, lays out its messages, and refuses what cannot work.
#pragma once

#include "diagnostics.h"
#include "model.h"
#include "source.h"

namespace idlc {

// Both complete the model. Declarations of included files are completed as far as the compiled file needs them
// (layout), but refused only when their own file is compiled.
void check_types(Schema& schema, const Source& source, Diagnostics& diagnostics);
void check_services(Schema& schema, const Source& source, Diagnostics& diagnostics);

// `service_ids` of the schemas beside this one: an id stands once in the tree.
struct ForeignId {
    std::string file;
    Source::ServiceId service;
};
void check_unique_ids(const Schema& schema, const Source& source, const std::vector<ForeignId>& others,
                      Diagnostics& diagnostics);

}  // namespace idlc
