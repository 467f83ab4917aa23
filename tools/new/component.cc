#include "component.h"

#include "manifest.h"
#include "words.h"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace eft::fresh {
namespace {

namespace fs = std::filesystem;

constexpr const char* kManifest = "images/manifest/manifest.json";
constexpr const char* kPages = "docs/services/README.md";
constexpr const char* kEntry = "manifest.json";  // in a template's folder, beside files/

// @name@, @Name@, @id@ …: no @ stands for itself.
class Fields {
public:
    void set(const std::string& field, const std::string& value) { values_[field] = value; }

    std::string fill(const std::string& text, const std::string& where) const {
        std::string result;
        for (std::size_t at = 0;;) {
            const std::size_t begin = text.find('@', at);
            result += text.substr(at, begin - at);
            if (begin == std::string::npos) return result;
            const std::size_t end = text.find('@', begin + 1);
            const auto value = end == std::string::npos ? values_.end() : values_.find(text.substr(begin + 1, end - begin - 1));
            if (value == values_.end()) throw Refusal(where + ": the template has a field that eft-new does not know");
            result += value->second;
            at = end + 1;
        }
    }

private:
    std::map<std::string, std::string> values_;
};

bool is_code(const std::string& path) {
    return path.ends_with(".h") || path.ends_with(".cc") || path.ends_with(".fbs");
}

void check_name(const SourceTree& tree, const std::string& name) {
    const auto refuse_if = [&](const std::string& user, const char* what) {
        if (!user.empty()) throw Refusal(name + ": " + user + what);
    };
    if (const std::string trouble = trouble_with_word(name); !trouble.empty()) throw Refusal(name + ": " + trouble);
    for (const char* folder : {"servers/", "servers/fs/", "drivers/", "apps/"})
        if (tree.has(folder + name)) throw Refusal(name + ": there is a folder " + folder + name);
    refuse_if(tree.user_of_service(name), " has a service or program of that name");
    refuse_if(tree.user_of_target(name), " has a target of that name");
    refuse_if(tree.user_of_schema(name), " has the header of that name");
    refuse_if(tree.user_of_namespace(name), " uses that name in namespace eft");
    refuse_if(tree.user_of_interface(camel_case(name)), (" has an interface " + camel_case(name)).c_str());
}

// A word that the template's own code uses would have two meanings.
void check_template_words(const std::map<std::string, std::string>& templates, const std::string& name) {
    for (const auto& [path, text] : templates) {
        if (!is_code(path)) continue;
        for (const std::string_view word : words_of_code(text))
            if (word == name || word == camel_case(name)) throw Refusal(name + ": the template itself uses the word " + std::string(word));
    }
}

std::map<std::string, std::string> read_folder(const fs::path& folder) {
    std::map<std::string, std::string> files;
    if (!fs::is_directory(folder)) throw Refusal(folder.string() + ": there is no such template");
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file()) files[entry.path().lexically_relative(folder).string()] = read_file(entry.path());
    return files;
}

void check_collisions(const SourceTree& tree, const Component& component) {
    for (const auto& [path, text] : component.files) {
        if (tree.has(path)) throw Refusal(component.name + ": there is a " + path);
        if (!path.ends_with("CMakeLists.txt")) continue;
        for (const std::string& target : targets_in(text))
            if (const std::string user = tree.user_of_target(target); !user.empty())
                throw Refusal(component.name + ": " + user + " has a target " + target);
    }
}

void write_file(const fs::path& path, const std::string& text) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    if (!file.flush()) throw Refusal(path.string() + ": cannot be written");
}

}  // namespace

Component plan(const SourceTree& tree, const std::string& kind, const std::string& name, bool with_ring) {
    check_name(tree, name);
    const fs::path folder = tree.top() / "templates" / kind;
    auto templates = read_folder(folder / "files");
    if (with_ring)
        for (auto& [path, text] : read_folder(tree.top() / "templates" / (kind + "_ring") / "files")) templates[path] = text;
    check_template_words(templates, name);

    Component component;
    component.name = name;
    component.kind = kind;
    component.with_ring = with_ring;
    component.interface_id = tree.free_interface_id();
    const std::string manifest = read_file(tree.top() / kManifest), entry = read_file(folder / kEntry);

    Fields fields;
    fields.set("name", name);
    fields.set("Name", camel_case(name));
    fields.set("id", std::to_string(component.interface_id));
    fields.set("priority", std::to_string(usual_priority(manifest, kind == "driver" ? "Driver" : "Server")));
    fields.set("index", "0");
    component.device_index = free_device_index(manifest, fields.fill(entry, kEntry));
    fields.set("index", std::to_string(component.device_index));
    for (const auto& [path, text] : templates) component.files[fields.fill(path, path)] = fields.fill(text, path);
    component.changed[kManifest] = with_entry(manifest, fields.fill(entry, kEntry));
    component.changed[kPages] = read_file(tree.top() / kPages) + "- [" + name + "](" + name + ".md), a " + kind + (with_ring ? " with a ring\n" : "\n");
    check_collisions(tree, component);
    return component;
}

void write(const SourceTree& tree, const Component& component) {
    std::vector<fs::path> made;
    std::map<std::string, std::string> before;
    try {
        for (const auto& [path, text] : component.files) {
            std::vector<fs::path> folders;
            for (fs::path folder = (tree.top() / path).parent_path(); !fs::exists(folder); folder = folder.parent_path()) folders.push_back(folder);
            for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
                fs::create_directory(*folder);
                made.push_back(*folder);
            }
            made.push_back(tree.top() / path);
            write_file(tree.top() / path, text);
        }
        for (const auto& [path, text] : component.changed) {
            before[path] = read_file(tree.top() / path);
            write_file(tree.top() / path, text);
        }
    } catch (...) {
        std::error_code ignored;
        for (const auto& [path, text] : before) std::ofstream(tree.top() / path, std::ios::binary) << text;
        for (auto path = made.rbegin(); path != made.rend(); ++path) fs::remove(*path, ignored);
        throw;
    }
}

std::string report(const Component& component) {
    const std::string& name = component.name;
    std::ostringstream text;
    text << "made the " << component.kind << " " << name << ", interface " << component.interface_id << ":\n";
    for (const auto& [path, contents] : component.files) text << "  " << path << "\n";
    text << "changed:\n";
    for (const auto& [path, contents] : component.changed) text << "  " << path << "\n";

    const bool driver = component.kind == "driver";
    std::string devices;
    for (unsigned i = 0; driver && i <= component.device_index; ++i) devices += " -device edu";
    text << "next:\n"
         << "  ./eft test " << name << "\n"
         << "  ./eft run" << (driver ? " --" + devices : "") << "\n";
    if (!component.with_ring)
        text << "    eft> rpc " << name << (driver ? " Start {\"number\": 12}; rpc " + name + " Wait {}\n" : " Add {\"amount\": 3}\n");
    text << "    eft> service kill " << name << "\n"
         << "  idl/" << name << ".fbs: the interface; docs/writing-a-" << component.kind << ".md says more\n";
    return text.str();
}

}  // namespace eft::fresh
