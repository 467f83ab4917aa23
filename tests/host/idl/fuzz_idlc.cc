// libFuzzer on the compiler: whatever the bytes are, idlc answers with an error or with C++, and never crashes. Each
// input is taken as a schema's text and as its reflection, so the seeds are the .fbs and .bfbs files of the tree.
#include <check.h>
#include <defaults.h>
#include <emit.h>
#include <events.h>
#include <load.h>

#include <cstdint>
#include <string_view>

using namespace idlc;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    Source source;
    source.parse(bytes);
    std::string why;
    auto schema = load_schema(bytes, "", why);
    if (!schema) {
        if (why.empty()) __builtin_trap();  // an error says what is wrong
        return 0;
    }
    // As if the file that is compiled declared everything.
    for (Enum& each : schema->enums) each.here = true;
    for (Table& each : schema->tables) each.here = true;
    for (Service& each : schema->services) each.here = true;
    Diagnostics diagnostics("fuzz.fbs");
    restore_defaults(*schema, source, diagnostics);
    check_types(*schema, source, diagnostics);
    check_services(*schema, source, diagnostics);
    check_names(*schema, source, diagnostics);
    check_unique_ids(*schema, source, {}, diagnostics);
    if (diagnostics.any()) return 0;
    emit_round_trip(*schema, source);
    expand_events(*schema);
    emit_header(*schema, source);
    return 0;
}
