// Understands the attributes of what the compiled file declares, lays out its messages, and refuses what cannot work.
#pragma once

#include "diagnostics.h"
#include "model.h"
#include "source.h"

namespace idlc {

// The first two complete the model. Declarations of included files are completed as far as the compiled file needs them
// (layout), but refused only when their own file is compiled.
void check_types(Schema& schema, const Source& source, Diagnostics& diagnostics);
// A field of a table that is a message; part of check_types().
void check_field(Schema& schema, const Source& source, Diagnostics& diagnostics, Table& table, Field& field);
void check_services(Schema& schema, const Source& source, Diagnostics& diagnostics);
// What the calls of a service open and close; part of check_services().
void check_opens(const Schema& schema, Service& service, const Source& source, Diagnostics& diagnostics);
// What a call attaches to its session; part of check_services().
void check_attach(const Schema& schema, Service& service, const Source& source, Diagnostics& diagnostics);
// The names that all of it gets in C++, behind the other two.
void check_names(const Schema& schema, const Source& source, Diagnostics& diagnostics);

// The table says encoding:"flatbuffer".
bool wants_flatbuffer(const Table& table);

// What `name` means in the namespace `space`: a declaration there, in one around it, or by its full name. Null:
// nothing.
template <class Declaration>
const Declaration* resolve_name(const std::vector<Declaration>& all, const std::string& name, std::string space) {
    for (;;) {
        std::string full = space.empty() ? name : space + "." + name;
        for (const Declaration& each : all)
            if (each.name.full() == full) return &each;
        if (space.empty()) return nullptr;
        auto dot = space.rfind('.');
        space = dot == std::string::npos ? "" : space.substr(0, dot);
    }
}

// `service_ids` of the schemas beside this one: an id stands once in the tree.
struct ForeignId {
    std::string file;
    Source::ServiceId service;
};
void check_unique_ids(const Schema& schema, const Source& source, const std::vector<ForeignId>& others,
                      Diagnostics& diagnostics);

}  // namespace idlc
