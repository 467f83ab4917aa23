// idlc against schemas by chance (random_schema.h):
//
//   random_schemas [FIRST [COUNT [KEEP]]]      seeds FIRST (1) to FIRST + COUNT - 1 (COUNT: 200)
//
// What flatc takes is either refused by idlc, each finding with file, line and a hint, or all that idlc writes of it compiles
// with both compilers, clients and dispatchers are instantiated, and the defaults in the structs and in the descriptor are
// those of the schema. Many schemas share a translation unit; where one fails, each is compiled alone to name it. With KEEP, a
// folder, everything stays there.
//
// Status 0: so it is. 1: it is not, and standard error says for which seeds. 2: wrong use.
#include "random_schema.h"

#include <descriptor_generated.h>

#include <unistd.h>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;
using random_schema::Schema;

constexpr unsigned kBatch = 20;

struct Counts {
    unsigned flatc = 0, idlc = 0, compiled = 0, defaults = 0, wrong = 0;
};

// What idlc has accepted.
struct Accepted {
    std::uint64_t seed;
    Schema schema;
    std::string instances;  // C++ that uses what was generated
};

std::string content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

class Run {
public:
    explicit Run(const std::string& keep) : keep_(!keep.empty()), top_(keep_ ? fs::path(keep) : fs::temp_directory_path() / ("random_schemas." + std::to_string(getpid()))) {
        for (const char* part : {"eft/idl/mock", "eft/idl/hostile", "fuzz", "bfbs"}) fs::create_directories(top_ / part);
        std::ofstream(top_ / "use.h") << kUse;
    }
    ~Run() {
        if (!keep_) fs::remove_all(top_);
    }

    void add(std::uint64_t seed) {
        Schema schema = random_schema::make(seed);
        const fs::path folder = top_ / ("in" + std::to_string(seed));  // of its own: idlc looks at the schemas beside it
        fs::create_directories(folder);
        const std::string& name = schema.name;
        const std::string file = (folder / (name + ".fbs")).string();
        std::ofstream(file) << schema.text;
        if (run("cd " + folder.string() + " && " EFT_FLATC " -b --schema --bfbs-comments --bfbs-builtins --bfbs-filenames . --warnings-as-errors -I " EFT_IDL_FOLDER " -o " + (top_ / "bfbs").string() + " " + name + ".fbs") != 0) {
            ++counts_.flatc;
            return;
        }
        const auto in = [&](const char* part, const std::string& end) { return " " + (top_ / part / (name + end)).string(); };
        const int status = run(EFT_IDLC " --out " + (top_ / "eft/idl").string() + " --source " + file + " --descriptor" + in("bfbs", ".descriptor") + " --mock" + in("eft/idl/mock", ".h") +
                               " --hostile" + in("eft/idl/hostile", ".h") + " --fuzz" + in("fuzz", ".cc") + " --reference" + in("bfbs", ".md") + in("bfbs", ".bfbs"));
        if (status == 1) {
            ++counts_.idlc;
            check_refusal(seed, file);
        } else if (status != 0) {
            wrong(seed, "idlc ends with status " + std::to_string(status) + ": " + log());
        } else {
            Accepted accepted{seed, std::move(schema), {}};
            if (!check_descriptor(accepted)) return;
            accepted_.push_back(std::move(accepted));
            if (accepted_.size() == kBatch) compile();
        }
    }

    // What was accepted since the last call.
    void compile() {
        if (accepted_.empty()) return;
        for (const char* compiler : kCompilers) {
            if (compiles(compiler, accepted_)) continue;
            bool found = false;
            for (const Accepted& each : accepted_)
                if (!compiles(compiler, {each})) wrong(each.seed, std::string(compiler) + ": " + first_error()), found = true;
            if (!found) wrong(accepted_.front().seed, std::string(compiler) + ": only together with those that follow");
        }
        for (const Accepted& each : accepted_) counts_.defaults += each.schema.defaults.size();
        counts_.compiled += accepted_.size();
        accepted_.clear();
    }

    const Counts& counts() const { return counts_; }

private:
    static constexpr const char* kCompilers[] = {EFT_COMPILERS};
    static constexpr const char* kUse =
        "#include <eft/ipc/fuzz.h>\n#include <eft/ipc/mock.h>\n#include <bit>\n#include <type_traits>\n"
        "template <class T> constexpr unsigned long bits_of(T value) {\n"
        "    if constexpr (std::is_same_v<T, float>) return std::bit_cast<unsigned>(value);\n"
        "    else if constexpr (std::is_same_v<T, double>) return std::bit_cast<unsigned long>(value);\n"
        "    else return static_cast<unsigned long>(value) & (~0ul >> (64 - 8 * sizeof(T)));\n"
        "}\n"
        "struct NoWake { void signal() {} };\n";

    int run(const std::string& command) const { return WEXITSTATUS(std::system(("(" + command + ") >" + (top_ / "log").string() + " 2>&1").c_str())); }
    std::string log() const { return content(top_ / "log"); }
    std::string first_error() const {
        std::istringstream lines(log());
        std::string line, text;
        while (std::getline(lines, line))
            if (line.find("error:") != std::string::npos) return line;
        return "no message";
    }
    void wrong(std::uint64_t seed, const std::string& what) {
        ++counts_.wrong;
        std::fprintf(stderr, "seed %lu: %s\n", seed, what.c_str());
    }

    void check_refusal(std::uint64_t seed, const std::string& file) {
        std::istringstream lines(log());
        std::string line;
        unsigned errors = 0, hints = 0;
        bool other = false;
        while (std::getline(lines, line)) {
            const bool finding = line.starts_with(file + ":") && std::isdigit(static_cast<unsigned char>(line[file.size() + 1]));
            if (finding && line.find(": error: ") != std::string::npos) ++errors;
            else if (line.starts_with("    hint: ")) ++hints;
            else other = true;
        }
        if (errors == 0 || hints != errors || other) wrong(seed, "refused without file, line and hint: " + log());
    }

    // The defaults in it; and what there is to instantiate.
    bool check_descriptor(Accepted& accepted) {
        const std::string bytes = content(top_ / "bfbs" / (accepted.schema.name + ".descriptor"));
        flatbuffers::Verifier verifier(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
        if (!eft::descriptor::VerifyInterfacesBuffer(verifier)) return wrong(accepted.seed, "its descriptor is none"), false;
        const auto* interfaces = eft::descriptor::GetInterfaces(bytes.data());
        bool right = true;
        for (const auto& expected : accepted.schema.defaults) {
            const auto found = described_default(*interfaces, expected);
            if (found == expected.bits) continue;
            right = false;
            wrong(accepted.seed, expected.table + "." + expected.field + " is " + (found ? std::to_string(*found) : "not") + " in the descriptor, and should be " + std::to_string(expected.bits));
        }
        for (const auto* service : *interfaces->services()) {
            const std::string name = cpp(service->name()->str());
            accepted.instances += "template class " + name + "Client<eft::ipc::LocalTransport<" + name + "Local<" + name + "Mock>>>;\n";
            bool ring = false;
            for (const auto* method : *service->methods()) ring |= method->carrier() == eft::descriptor::Carrier::Ring;
            if (ring) accepted.instances += "template class " + name + "Ring<NoWake>;\n";
        }
        return right;
    }
    static std::optional<std::uint64_t> described_default(const eft::descriptor::Interfaces& interfaces, const random_schema::Default& expected) {
        for (const auto* record : *interfaces.records()) {
            if (record->name()->str() != expected.table) continue;
            for (const auto* field : *record->fields())
                if (field->name()->str() == expected.field) return static_cast<std::uint64_t>(field->absent()) & (~std::uint64_t{0} >> (64 - 8 * expected.size));
        }
        return std::nullopt;
    }
    static std::string cpp(const std::string& dotted) {
        std::string text = "::";
        for (char c : dotted) text += c == '.' ? std::string("::") : std::string(1, c);
        return text;
    }

    bool compiles(const std::string& compiler, const std::vector<Accepted>& all) {
        std::ofstream unit(top_ / "unit.cc");
        for (const Accepted& each : all) unit << "#include <eft/idl/" << each.schema.name << ".h>\n";  // before all other headers
        unit << "#include <use.h>\n";
        for (const Accepted& each : all) {
            const std::string& name = each.schema.name;
            unit << "#include <eft/idl/mock/" << name << ".h>\n#include <eft/idl/hostile/" << name << ".h>\n";
            unit << "namespace fuzz_of_" << name << " {\n#include \"fuzz/" << name << ".cc\"\n}\n" << each.instances;
            for (const auto& expected : each.schema.defaults)
                if (expected.is_literal) unit << "static_assert(bits_of(" << cpp(expected.table) << "{}." << expected.field << ") == " << expected.bits << "u);\n";
        }
        unit.close();
        return run("cd " + top_.string() + " && " + compiler + " " EFT_OPTIONS " -fsyntax-only -I. unit.cc") == 0;
    }

    bool keep_;
    fs::path top_;
    std::vector<Accepted> accepted_;
    Counts counts_;
};

std::uint64_t number(const char* text) {
    std::uint64_t value = 0;
    const std::string_view all = text;
    const auto [end, error] = std::from_chars(all.data(), all.data() + all.size(), value);
    if (error == std::errc() && end == all.data() + all.size()) return value;
    std::fprintf(stderr, "usage: random_schemas [FIRST [COUNT [KEEP]]]\n");
    std::exit(2);
}

}  // namespace

int main(int count, char** words) {
    const std::uint64_t first = count > 1 ? number(words[1]) : 1, schemas = count > 2 ? number(words[2]) : 200;
    Run run(count > 3 ? words[3] : "");
    for (std::uint64_t seed = first; seed < first + schemas; ++seed) run.add(seed);
    run.compile();
    const Counts& counts = run.counts();
    std::printf("%lu schemas: %u refused by flatc, %u by idlc, %u compiled, %u defaults; %u findings\n", schemas, counts.flatc, counts.idlc, counts.compiled, counts.defaults, counts.wrong);
    // A generator that makes nothing of use would find nothing.
    const bool useful = schemas < 100 || (counts.compiled > schemas / 4 && counts.idlc > schemas / 20);
    if (!useful) std::fprintf(stderr, "too few schemas are accepted, or refused\n");
    return counts.wrong == 0 && useful ? 0 : 1;
}
