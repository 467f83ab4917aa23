// idlc: from a schema's binary reflection to the stubs of its interfaces.
//
//   idlc [--out DIR] --source FILE.fbs [--OUTPUT FILE]… FILE.bfbs
//       writes DIR/FILE.h, and what else is asked for (kOutputs)
//   idlc --check-compatible --source NEW.fbs --released OLD.fbs OLD.bfbs NEW.bfbs
//       says what released clients would suffer; writes nothing
//
// The .fbs is read for lines in messages, and the schemas beside it for ids that are taken.
// Status 0: done, perhaps with warnings. 1: the schema is refused, or breaks what was released (FILE:LINE: error: …).
// 2: wrong use, or a file cannot be read or written.
#include "check.h"
#include "compatible.h"
#include "defaults.h"
#include "emit.h"
#include "events.h"
#include "load.h"

#include <getopt.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace {

constexpr int kRefused = 1, kFailed = 2;

// What is written in the same run as the header.
struct Output {
    const char* option;
    std::string (*emit)(const idlc::Schema&, const idlc::Source&);
    bool as_declared = false;  // events are events there, and not the calls that they become
};
constexpr Output kOutputs[] = {
    {"descriptor", [](const idlc::Schema& schema, const idlc::Source&) { return idlc::emit_descriptor(schema); }},
    {"reference", idlc::emit_reference, true},
    {"hostile", idlc::emit_hostile},
    {"mock", idlc::emit_mock},
    {"fuzz", idlc::emit_fuzz},
    {"round-trips", idlc::emit_round_trip},
};

struct Options {
    std::string out, source, released;
    std::string outputs[std::size(kOutputs)];
    bool check_compatible = false;
};

int usage() {
    std::fprintf(stderr,
                 "usage: idlc [--out DIR] --source FILE.fbs [--OUTPUT FILE]... FILE.bfbs\n"
                 "       idlc --check-compatible --source NEW.fbs --released OLD.fbs OLD.bfbs NEW.bfbs\n"
                 "OUTPUT:");
    for (const Output& output : kOutputs) std::fprintf(stderr, " %s", output.option);
    std::fprintf(stderr, "\n");
    return kFailed;
}

int fail(const std::string& file, const char* what) {
    std::fprintf(stderr, "idlc: %s: %s\n", file.c_str(), what);
    return kFailed;
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

// A schema that idlc accepts, and its text.
struct Accepted {
    idlc::Schema schema;
    idlc::Source source;
};

// 0, or the status to end with.
int accept(const std::string& source_path, const std::string& reflection_path, Accepted& to) {
    std::ifstream file(reflection_path, std::ios::binary);
    if (!file) return fail(reflection_path, "cannot be read");
    std::string bytes((std::istreambuf_iterator<char>(file)), {});
    if (!to.source.load(source_path)) return fail(source_path, "cannot be read");
    std::string why;
    auto schema = idlc::load_schema(bytes, source_path, why);
    if (!schema) return fail(reflection_path, why.c_str());
    to.schema = std::move(*schema);

    idlc::Diagnostics diagnostics(source_path);
    idlc::restore_defaults(to.schema, to.source, diagnostics);
    idlc::check_types(to.schema, to.source, diagnostics);
    idlc::check_services(to.schema, to.source, diagnostics);
    idlc::check_names(to.schema, to.source, diagnostics);
    idlc::check_unique_ids(to.schema, to.source, ids_beside(source_path), diagnostics);
    diagnostics.print(stderr);
    return diagnostics.any() ? kRefused : 0;
}

int compile(const Options& options, const std::string& reflection) {
    Accepted input;
    if (int status = accept(options.source, reflection, input)) return status;
    auto write_outputs = [&](bool as_declared) {
        for (std::size_t i = 0; i < std::size(kOutputs); ++i) {
            const std::string& path = options.outputs[i];
            if (path.empty() || kOutputs[i].as_declared != as_declared) continue;
            if (!write_file(path, kOutputs[i].emit(input.schema, input.source))) return fail(path, "cannot be written");
        }
        return 0;
    };
    if (int status = write_outputs(true)) return status;
    idlc::expand_events(input.schema);
    if (!options.out.empty()) {
        std::filesystem::path header =
            std::filesystem::path(options.out) / std::filesystem::path(options.source).filename().replace_extension(".h");
        if (!write_file(header, idlc::emit_header(input.schema, input.source)))
            return fail(header.string(), "cannot be written");
    }
    return write_outputs(false);
}

int compare(const Options& options, const std::string& released_reflection, const std::string& reflection) {
    Accepted released, now;
    if (int status = accept(options.released, released_reflection, released)) return status;
    if (int status = accept(options.source, reflection, now)) return status;
    idlc::Diagnostics diagnostics(options.source);
    idlc::check_compatible({released.schema, released.source}, {now.schema, now.source}, diagnostics);
    diagnostics.print(stderr);
    return diagnostics.any() ? kRefused : 0;
}

}  // namespace

int main(int count, char** arguments) {
    constexpr int kFirstOutput = 256;
    std::vector<option> known = {{"out", required_argument, nullptr, 'o'},
                                 {"source", required_argument, nullptr, 's'},
                                 {"check-compatible", no_argument, nullptr, 'c'},
                                 {"released", required_argument, nullptr, 'r'}};
    int next_output = kFirstOutput;
    for (const Output& output : kOutputs) known.push_back({output.option, required_argument, nullptr, next_output++});
    known.push_back({nullptr, 0, nullptr, 0});
    Options options;
    for (int option; (option = getopt_long(count, arguments, "", known.data(), nullptr)) != -1;) {
        switch (option) {
            case 'o': options.out = optarg; break;
            case 's': options.source = optarg; break;
            case 'c': options.check_compatible = true; break;
            case 'r': options.released = optarg; break;
            case '?': return usage();
            default: options.outputs[option - kFirstOutput] = optarg;
        }
    }
    int files = count - optind;
    if (options.check_compatible) {
        if (options.source.empty() || options.released.empty() || files != 2) return usage();
        return compare(options, arguments[optind], arguments[optind + 1]);
    }
    if (options.source.empty() || files != 1) return usage();
    return compile(options, arguments[optind]);
}
