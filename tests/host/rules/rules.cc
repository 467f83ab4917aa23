#include "rules.h"

#include <algorithm>
#include <array>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string_view>

namespace eft::rules {
namespace {

constexpr std::size_t kLongestFile = 400;
constexpr std::size_t kLinesForTheReason = 15;

enum class Layer { Kernel, Abi, Idl, Libos, Hardware, Server, Driver, Application, Images, Tools, Tests, KernelTests, Other };

bool below(std::string_view path, std::string_view folder) {
    return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/';
}

Layer layer_of(std::string_view path) {
    constexpr std::array<std::pair<std::string_view, Layer>, 18> folders = {{
        {"kernel/include/eft/abi", Layer::Abi},  // more specific folders stand first
        {"kernel", Layer::Kernel},
        {"idl", Layer::Idl},
        {"libos/include/eft/hw", Layer::Hardware},
        {"libos/src/hw", Layer::Hardware},
        {"libos", Layer::Libos},
        {"servers", Layer::Server},
        {"drivers", Layer::Driver},
        {"apps", Layer::Application},
        {"images", Layer::Images},
        {"tools/bench", Layer::Tests},  // what it measures runs on Eft, started as the guest tests are
        {"tools/crash", Layer::Tests},  // it reads what the supervisors write, and says it as the prompt does
        {"tools", Layer::Tools},
        {"tests/host/kernel", Layer::KernelTests},
        {"tests/host/kernel_model", Layer::KernelTests},
        {"tests/host/machine", Layer::KernelTests},
        {"tests/system/pages", Layer::KernelTests},
        {"tests", Layer::Tests},
    }};
    for (const auto& [folder, layer] : folders) {
        if (below(path, folder)) return layer;
    }
    return Layer::Other;
}

// The folder of a component: servers/mem, drivers/uart; servers/fs is a group whose members are one level deeper.
std::string component_of(const std::string& path) {
    std::size_t end = path.find('/');
    if (end != std::string::npos) end = path.find('/', end + 1);
    if (below(path, "servers/fs")) end = path.find('/', std::string_view("servers/fs/").size());
    return path.substr(0, end);
}

// Folders of drivers/ that build no program: what drivers of one bus share.
std::set<std::string> bus_folders(const Tree& tree) {
    std::set<std::string> buses;
    for (const SourceFile& file : tree) {
        const bool build_file = below(file.path, "drivers") && file.path.ends_with("/CMakeLists.txt");
        if (build_file && file.text.find("eft_program(") == std::string::npos) buses.insert(component_of(file.path));
    }
    return buses;
}

// root has a hardware tick of its own, so that the watchdog's time does not depend on a driver.
bool is_exception(const std::string& from, Layer target) {
    return from == "servers/root/rtc.h" && target == Layer::Hardware;
}

bool may_include(const std::string& from, const std::string& to, const std::set<std::string>& buses) {
    const Layer target = layer_of(to);
    if (target == Layer::Abi) return true;
    switch (layer_of(from)) {
        case Layer::Abi: return false;
        case Layer::Kernel: return target == Layer::Kernel;
        case Layer::Idl: return target == Layer::Idl;
        case Layer::Libos:
        case Layer::Hardware: return target == Layer::Libos || target == Layer::Hardware;
        case Layer::Application: return target == Layer::Libos || component_of(from) == component_of(to);
        case Layer::Server:
            return target == Layer::Libos || component_of(from) == component_of(to) ||
                   buses.contains(component_of(to)) || is_exception(from, target);
        case Layer::Driver:
            return target == Layer::Libos || target == Layer::Hardware || component_of(from) == component_of(to) ||
                   buses.contains(component_of(to));
        case Layer::Images:
        case Layer::Tools: return target == Layer::Images || target == Layer::Tools || target == Layer::Idl;
        case Layer::Tests: return target != Layer::Kernel;
        case Layer::KernelTests:
        case Layer::Other: return true;
    }
    return false;
}

bool may_include_interfaces(const std::string& from) {
    const Layer layer = layer_of(from);
    return layer != Layer::Kernel && layer != Layer::Abi && layer != Layer::Idl;
}

// What an #include names, if the line is one.
std::optional<std::string> included_by(std::string_view line) {
    const auto skip_blanks = [&line] { line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size())); };
    const auto skip = [&line, &skip_blanks](std::string_view word) {
        skip_blanks();
        if (!line.starts_with(word)) return false;
        line.remove_prefix(word.size());
        return true;
    };
    if (!skip("#") || !skip("include")) return std::nullopt;
    skip_blanks();
    if (line.empty() || (line[0] != '"' && line[0] != '<')) return std::nullopt;
    const std::size_t end = line.find_first_of("\">", 1);
    if (end == std::string_view::npos) return std::nullopt;
    return std::string(line.substr(1, end - 1));
}

// The path with each "folder/.." taken out.
std::string normal(const std::string& path) {
    std::vector<std::string> parts;
    std::istringstream stream(path);
    for (std::string part; std::getline(stream, part, '/');) {
        if (part == ".." && !parts.empty()) {
            parts.pop_back();
        } else if (part != "." && !part.empty()) {
            parts.push_back(part);
        }
    }
    std::string result;
    for (const std::string& part : parts) result += (result.empty() ? "" : "/") + part;
    return result;
}

std::vector<std::string> candidates(const Tree& tree, const std::string& from, const std::string& included) {
    const std::string folder = from.substr(0, from.rfind('/') + 1);
    const std::string beside = normal(folder + included);
    const std::string plain = normal(included);
    std::vector<std::string> found;
    for (const SourceFile& file : tree) {
        if (file.path == beside) return {beside};
        if (file.path == plain || file.path.ends_with("/" + plain)) found.push_back(file.path);
    }
    return found;
}

std::string place(const std::string& path, std::size_t line) { return path + ":" + std::to_string(line) + ": "; }

bool is_source(const std::string& path) {
    constexpr std::array<std::string_view, 6> endings = {".h", ".cc", ".S", ".fbs", ".cmake", ".sh"};
    return std::any_of(endings.begin(), endings.end(), [&](std::string_view end) { return path.ends_with(end); }) ||
           path.ends_with("CMakeLists.txt") || path == "eft";
}

// Visits the lines of a file with their numbers, from 1.
template <class Visit>
void for_each_line(const SourceFile& file, Visit visit) {
    std::istringstream lines(file.text);
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) visit(line, ++number);
}

// "Class::function" for each name that a class of the kernel declares with an argument list, and the files' names.
std::set<std::string> names_in(const Tree& tree, std::string_view folder) {
    static const std::regex kClass(R"(^(?:class|struct) (\w+) [^;]*$)"), kFunction(R"((\w+)\()");
    std::set<std::string> names;
    for (const SourceFile& file : tree) {
        if (!below(file.path, folder)) continue;
        names.insert(file.path.substr(file.path.rfind('/') + 1));
        if (!file.path.ends_with(".h")) continue;
        std::istringstream lines(file.text);
        std::string inside;
        for (std::string line; std::getline(lines, line);) {
            if (std::smatch found; std::regex_search(line, found, kClass)) inside = found[1];
            for (std::sregex_iterator each(line.begin(), line.end(), kFunction), end; each != end; ++each)
                names.insert(inside + "::" + (*each)[1].str());
        }
    }
    return names;
}

}  // namespace

Complaints check_includes(const Tree& tree) {
    Complaints complaints;
    const std::set<std::string> buses = bus_folders(tree);
    for (const SourceFile& file : tree) {
        for_each_line(file, [&](const std::string& line, std::size_t number) {
            const auto included = included_by(line);
            if (!included) return;
            if (included->starts_with("eft/idl/")) {
                if (!may_include_interfaces(file.path)) {
                    complaints.push_back(place(file.path, number) + "may not include generated interfaces");
                }
                return;
            }
            const auto files = candidates(tree, file.path, *included);
            const auto allowed = [&](const std::string& to) { return may_include(file.path, to, buses); };
            if (!files.empty() && std::none_of(files.begin(), files.end(), allowed)) {
                complaints.push_back(place(file.path, number) + "may not include " + files.front());
            }
        });
    }
    return complaints;
}

Complaints check_lengths(const Tree& tree) {
    Complaints complaints;
    for (const SourceFile& file : tree) {
        if (!is_source(file.path)) continue;
        std::istringstream lines(file.text);
        std::size_t count = 0;
        bool reason = false;
        for (std::string line; std::getline(lines, line); ++count) {
            reason |= count < kLinesForTheReason && line.find("Long because") != std::string::npos;
        }
        if (count > kLongestFile && !reason) {
            complaints.push_back(file.path + ": " + std::to_string(count) +
                                 " lines, and no \"Long because\" in the first " + std::to_string(kLinesForTheReason));
        }
    }
    return complaints;
}

Complaints check_generated(const Tree& tree) {
    constexpr std::array<std::string_view, 6> made = {"_generated.h", ".bfbs", ".o", ".a", ".elf", ".img"};
    Complaints complaints;
    for (const SourceFile& file : tree) {
        const auto ends = [&](std::string_view end) { return file.path.ends_with(end); };
        const std::string_view first = std::string_view(file.text).substr(0, file.text.find('\n'));
        const bool says_so =
            first.starts_with("//") && (first.find("enerated by idlc") != std::string_view::npos ||
                                        first.find("enerated by the FlatBuffers") != std::string_view::npos);
        if (says_so || std::any_of(made.begin(), made.end(), ends)) {
            complaints.push_back(file.path + ": generated files belong into the build folder");
        }
    }
    return complaints;
}

Complaints check_model(const Tree& tree) {
    static const std::regex kName(R"([A-Z]\w*::\w+|\w+\.(?:cc|h)\b)");
    Complaints complaints;
    const std::set<std::string> kernels = names_in(tree, "kernel"), nets = names_in(tree, "servers/net");
    for (const SourceFile& file : tree) {
        const bool is_nets = below(file.path, "tests/model/net");
        const std::set<std::string>& known = is_nets ? nets : kernels;
        if (!below(file.path, "tests/model") || !file.path.ends_with(".pml")) continue;
        for_each_line(file, [&](const std::string& line, std::size_t number) {
            if (line.find("#include") != std::string::npos) return;
            for (std::sregex_iterator each(line.begin(), line.end(), kName), end; each != end; ++each) {
                if (!known.contains(each->str())) complaints.push_back(place(file.path, number) + (is_nets ? "net has no " : "the kernel has no ") + each->str());
            }
        });
    }
    return complaints;
}

Complaints check_test_page(const Tree& tree) {
    static const std::regex kTest(R"(^ *eft_(?:system|guest)_test\(((?:system|guest)-\w+))");
    Complaints complaints;
    std::string page;
    for (const SourceFile& file : tree) {
        if (file.path == "docs/testing.md") page += file.text;
        // What `./eft new` makes has a page of its own.
        if (below(file.path, "docs/services") && file.path.ends_with(".md")) {
            const std::string name = file.path.substr(file.path.rfind('/') + 1);
            page += "`system-" + name.substr(0, name.size() - 3) + "`";
        }
    }
    for (const SourceFile& file : tree) {
        if (!below(file.path, "tests") || !file.path.ends_with("CMakeLists.txt")) continue;
        for_each_line(file, [&](const std::string& line, std::size_t number) {
            std::smatch test;
            if (std::regex_search(line, test, kTest) && page.find("`" + test[1].str() + "`") == std::string::npos)
                complaints.push_back(place(file.path, number) + test[1].str() + " is not in docs/testing.md");
        });
    }
    return complaints;
}

}  // namespace eft::rules
