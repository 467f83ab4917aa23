// idlc: from a schema's binary reflection to the stubs of its interfaces.
//
//   idlc --out DIR --source FILE.fbs [--descriptor FILE] FILE.bfbs      writes DIR/FILE.h, and the interface descriptor
//   idlc --round-trips FILE.cc --source FILE.fbs FILE.bfbs      writes a test of its messages (tests/host/idl)
//
// The .fbs is read for lines in messages, and the schemas beside it for ids that are taken.
// Status 0: written. 1: the schema is refused (FILE:LINE: error: …). 2: wrong use, or a file cannot be read or written.
#include "check.h"
#include "emit.h"
#include "events.h"
#include "load.h"

#include <getopt.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace {

int usage() {
    std::fprintf(stderr, "usage: idlc --out DIR|--round-trips FILE.cc --source FILE.fbs [--descriptor FILE] FILE.bfbs\n");
    return 2;
}

int fail(const std::string& file, const char* what) {
    std::fprintf(stderr, "idlc: %s: %s\n", file.c_str(), what);
    return 2;
}

std::vector<idlc::ForeignId> ids_beside(const std::filesystem::path& schema) {
    std::vector<idlc::ForeignId> ids;
    std::error_code ignored;
    for (const auto& entry :
         std::filesystem::directory_iterator(schema.parent_path().empty() ? "." : schema.parent_path(), ignored)) {
        if (entry.path().extension() != ".fbs" || entry.path().filename() == schema.filename()) continue;
        idlc::Source other;
        if (!other.load(entry.path().string())) continue;
        for (const auto& service : other.service_ids()) ids.push_back({entry.path().filename().string(), service});
    }
    return ids;
}

bool write_file(const std::filesystem::path& path, const std::string& content) {
    // What stays as it was keeps its time, so that nothing is compiled again because another schema changed.
    std::ifstream old(path, std::ios::binary);
    if (old && std::string(std::istreambuf_iterator<char>(old), {}) == content) return true;
    std::ofstream file(path, std::ios::binary);
    file << content;
    return file.good();
}

}  // namespace

int main(int count, char** arguments) {
    static const option kOptions[] = {{"out", required_argument, nullptr, 'o'},
                                      {"round-trips", required_argument, nullptr, 'r'},
                                      {"source", required_argument, nullptr, 's'},
                                      {"descriptor", required_argument, nullptr, 'd'},
                                      {nullptr, 0, nullptr, 0}};
    std::string out, round_trips, source_path, descriptor;
    for (int option; (option = getopt_long(count, arguments, "", kOptions, nullptr)) != -1;) {
        if (option == 'o')
            out = optarg;
        else if (option == 'r')
            round_trips = optarg;
        else if (option == 's')
            source_path = optarg;
        else if (option == 'd')
            descriptor = optarg;
        else
            return usage();
    }
    if (out.empty() == round_trips.empty() || source_path.empty() || optind + 1 != count) return usage();

    std::ifstream file(arguments[optind], std::ios::binary);
    if (!file) return fail(arguments[optind], "cannot be read");
    std::string bytes((std::istreambuf_iterator<char>(file)), {});
    idlc::Source source;
    if (!source.load(source_path)) return fail(source_path, "cannot be read");
    std::string why;
    auto schema = idlc::load_schema(bytes, source_path, why);
    if (!schema) return fail(arguments[optind], why.c_str());

    idlc::Diagnostics diagnostics(source_path);
    idlc::check_types(*schema, source, diagnostics);
    idlc::check_services(*schema, source, diagnostics);
    idlc::check_unique_ids(*schema, source, ids_beside(source_path), diagnostics);
    if (diagnostics.any()) {
        diagnostics.print(stderr);
        return 1;
    }
    if (!round_trips.empty())
        return write_file(round_trips, idlc::emit_round_trip(*schema, source)) ? 0
                                                                               : fail(round_trips, "cannot be written");
    idlc::expand_events(*schema);
    std::filesystem::path header =
        std::filesystem::path(out) / std::filesystem::path(source_path).filename().replace_extension(".h");
    if (!write_file(header, idlc::emit_header(*schema, source))) return fail(header.string(), "cannot be written");
    if (!descriptor.empty() && !write_file(descriptor, idlc::emit_descriptor(*schema)))
        return fail(descriptor, "cannot be written");
    return 0;
}
