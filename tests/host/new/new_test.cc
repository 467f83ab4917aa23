// What `./eft new` plans on the tree itself, and what it refuses; nothing is written here. That what it makes works is
// shown by tests/system/new.
#include <component.h>
#include <manifest.h>
#include <words.h>

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <temporary.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

using namespace eft::fresh;

namespace {

const SourceTree& tree() {
    static const SourceTree source(EFT_SOURCE_DIR);
    return source;
}

// A name that nothing in the tree has, whatever was made in it.
const std::string& fresh() {
    static const std::string name = [] {
        unsigned number = 1;
        std::string each;
        do each = "fresh_" + std::to_string(number++);
        while (!tree().user_of_service(each).empty() || !tree().user_of_target(each).empty() || tree().has("servers/" + each) || tree().has("drivers/" + each));
        return each;
    }();
    return name;
}

// Why not; empty if the name can be had.
std::string refusal(const std::string& name, const std::string& kind = "server") {
    try {
        plan(tree(), kind, name);
        return {};
    } catch (const Refusal& refused) {
        return refused.what();
    }
}
bool refuses(const std::string& name, const std::string& why) {
    const std::string text = refusal(name);
    CHECK_MESSAGE(text.starts_with(name + ": "), text);
    const bool found = text.find(why) != std::string::npos;
    if (!found) MESSAGE(name, " is refused so: ", text);
    return found;
}

// Of the program's folder, without comments and empty lines.
std::size_t lines_of_code(const std::string& kind, bool with_ring = false) {
    std::size_t lines = 0;
    for (const auto& [path, text] : plan(tree(), kind, fresh(), with_ring).files) {
        if (!path.starts_with(kind + "s/") || path.ends_with("CMakeLists.txt")) continue;
        std::istringstream stream(text);
        for (std::string line; std::getline(stream, line);) {
            const std::size_t first = line.find_first_not_of(' ');
            if (first != std::string::npos && line.compare(first, 2, "//") != 0) ++lines;
        }
    }
    return lines;
}

}  // namespace

TEST_CASE("a name is an identifier of small letters") {
    for (const char* name : {"", "Tally", "9lives", "_x", "a-b", "a b", "a/b", "../x", "x.y", "naïve", "x;rm", "$x"}) CHECK(refuses(name, "small letters"));
    for (const char* name : {"a__b", "a_"}) CHECK(refuses(name, "two _"));
    CHECK(refuses("abcdefghijklmnopqrstuvwxy", "at most 24"));
    for (const char* name : {"tally", "kv", "word_count", "abcdefghijklmnopqrstuvwx", "x2", "index", "name", "edu"}) CHECK_MESSAGE(trouble_with_word(name) == "", name);
    CHECK(refusal(fresh()) == "");
}

TEST_CASE("a name is no word of the languages that it stands in") {
    for (const char* name : {"class", "co_await", "xor", "namespace", "requires", "std"}) CHECK(refuses(name, "C++"));
    for (const char* name : {"errno", "stdin", "offsetof"}) CHECK(refuses(name, "a macro"));
    for (const char* name : {"table", "ubyte", "root_type", "rpc_service", "string"}) CHECK(refuses(name, "FlatBuffers"));
    for (const char* name : {"all", "test", "gcc", "help"}) CHECK(refuses(name, "the build has a target"));
    for (const char* name : {"root", "names", "manifest"}) CHECK(refuses(name, "the system has a part"));
}

TEST_CASE("what the tree has already is refused, whatever has it") {
    for (const char* name : {"echo", "ext2", "uart", "monitor", "virtio", "timer"}) CHECK(refuses(name, "there is a folder"));
    for (const char* name : {"console", "canary", "bystander"}) CHECK(refuses(name, "has a service or program"));
    for (const char* name : {"idl", "monitor_text", "machine_test"}) CHECK(refuses(name, "has a target"));
    // Interfaces and names of libos: a namespace of that name in eft would hide them, or not compile.
    for (const char* name : {"exit", "panic", "connect", "ipc", "sys", "layout", "raw", "slot"}) CHECK(refuses(name, "in namespace eft"));
    CHECK(refuses("timer_service", "has an interface TimerService"));
    CHECK(refuses("sums", "the template itself uses the word Sums"));
}

TEST_CASE("a name that the build could not survive is refused, whoever would meet it") {
    // In generated code, in the folder of generated headers, among the system's headers, in the boot archive.
    for (const char* name : {"mock", "client", "base", "opens"}) CHECK(refuses(name, "generated code has"));
    for (const char* name : {"shapes", "kinds", "wide"}) CHECK(refuses(name, "has the header of that name"));
    for (const char* name : {"time", "math", "syslog"}) CHECK(refuses(name, "a header of the C or C++ library"));
    CHECK(refuses("interfaces", "has a target of that name"));
}

TEST_CASE("what is accepted, flatc and idlc accept") {
    // Every word of the names of the tree's files, as good as any other.
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(EFT_SOURCE_DIR "/libos")) names.insert(entry.path().stem().string());
    for (const auto& entry : std::filesystem::recursive_directory_iterator(EFT_SOURCE_DIR "/idl")) names.insert(entry.path().stem().string());
    for (const char* name : {"client", "server", "hostile", "request", "local", "reader", "view", "empty", "area", "table_0", "event", "visit"}) names.insert(name);
    const eft::qemu::TemporaryFolder folder;
    unsigned accepted = 0;
    std::string script = "set -e\n";
    for (const std::string& name : names) {
        for (const std::string kind : {"server", "driver"}) {
            if (!refusal(name, kind).empty()) continue;
            ++accepted;
            const std::string at = folder.path() + "/" + kind + "_" + name;
            const std::string file = folder.write(kind + "_" + name + "/" + name + ".fbs", plan(tree(), kind, name).files.at("idl/" + name + ".fbs"));
            script += "cd " + at + "; echo " + name + "\n" EFT_FLATC " -b --schema --bfbs-comments --bfbs-builtins --bfbs-filenames . --warnings-as-errors -I " EFT_SOURCE_DIR "/idl " + name + ".fbs\n" EFT_IDLC
                      " --out . --mock mock.h --source " + file + " " + name + ".bfbs\n";
        }
    }
    CHECK(accepted > 20);
    const std::string log = folder.path() + "/log";
    CHECK_MESSAGE(std::system(("bash " + folder.write("script", script) + " >" + log + " 2>&1").c_str()) == 0, read_file(log));
}

TEST_CASE("words of code are those outside of comments, strings and fields") {
    const auto words = words_of_code("// no\nstruct A1 { int b; };  // no\nchar* s = \"no\"; @name@::c // no");
    CHECK(words == std::vector<std::string_view>{"struct", "A1", "int", "b", "char", "s", "c"});
    CHECK(words_of_code("\"open").empty());
    CHECK(camel_case("word_count_2x") == "WordCount2x");
}

TEST_CASE("a component has everything, and nothing of the template is left in it") {
    const std::string& name = fresh();
    for (const std::string kind : {"server", "driver"}) {
        const Component component = plan(tree(), kind, fresh());
        for (const std::string& path :
             {"idl/" + name + ".fbs", kind + "s/" + name + "/main.cc", kind + "s/" + name + "/CMakeLists.txt", "tests/host/" + name + "/" + name + "_test.cc",
              "tests/system/" + name + "/" + name + "_test.cc", "docs/services/" + name + ".md"})
            CHECK_MESSAGE(component.files.contains(path), path);
        for (const auto& [path, text] : component.files) {
            CHECK_MESSAGE(text.find('@') == std::string::npos, path);
            CHECK_MESSAGE(!tree().has(path), path);
        }
        const std::string service = "rpc_service " + camel_case(name) + " (id:\"" + std::to_string(tree().free_interface_id()) + "\"";
        CHECK(component.files.at("idl/" + name + ".fbs").find(service) != std::string::npos);
        CHECK(component.changed.at("docs/services/README.md").ends_with("- [" + name + "](" + name + ".md), a " + kind + "\n"));
    }
}

TEST_CASE("a driver with a ring is the driver, with another service on the same device") {
    const Component plain = plan(tree(), "driver", fresh()), ring = plan(tree(), "driver", fresh(), true);
    const std::string folder = "drivers/" + fresh() + "/";
    CHECK(ring.files.at(folder + "engine.h") == plain.files.at(folder + "engine.h"));
    CHECK(ring.files.at(folder + "main.cc") == plain.files.at(folder + "main.cc"));
    CHECK(ring.files.at(folder + fresh() + ".h") != plain.files.at(folder + fresh() + ".h"));
    CHECK(ring.files.at("idl/" + fresh() + ".fbs").find("ring:\"16\"") != std::string::npos);
    for (const auto& [path, text] : ring.files) {
        CHECK_MESSAGE(text.find('@') == std::string::npos, path);
        CHECK_MESSAGE(plain.files.contains(path), path);
    }
}

TEST_CASE("the template server has at most 25 lines of code, the driver 150") {
    CHECK(lines_of_code("server") > 10);
    CHECK(lines_of_code("server") <= 25);
    CHECK(lines_of_code("driver") > 50);
    CHECK(lines_of_code("driver") <= 150);
    CHECK(lines_of_code("driver", true) <= 150);
}

TEST_CASE("the manifest's entry stands behind those of its kind, and the prompt may connect") {
    const auto services = [](const std::string& kind) {
        return nlohmann::json::parse(plan(tree(), kind, fresh()).changed.at("images/manifest/manifest.json")).at("services");
    };
    const auto place = [](const nlohmann::json& list, const std::string& name) {
        const auto found = std::find_if(list.begin(), list.end(), [&](const auto& each) { return each.at("name") == name; });
        REQUIRE(found != list.end());
        return found - list.begin();
    };
    const auto server = services("server"), driver = services("driver");
    CHECK(place(server, fresh()) > place(server, "counter"));
    CHECK(place(server, fresh()) < place(server, "monitor"));
    CHECK(place(driver, fresh()) > place(driver, "virtio_blk"));
    CHECK(place(driver, fresh()) < place(driver, "log"));
    CHECK(server.at(place(server, fresh())).at("priority") == 30);
    CHECK(driver.at(place(driver, fresh())).at("priority") == 40);
    const auto& connects = server.at(place(server, "monitor")).at("connects");
    CHECK(std::count(connects.begin(), connects.end(), fresh()) == 1);
}

TEST_CASE("a second driver gets the second device") {
    const std::string entry = R"({"name": "b", "kind": "Driver", "provides": ["b"], "device": {"match": "pci:1234:11e8"}})";
    const std::string empty = R"({"services": []})";
    CHECK(free_device_index(empty, entry) == 0);
    const std::string one = with_entry(empty, entry);
    CHECK(free_device_index(one, entry) == 1);
    CHECK(free_device_index(one, R"({"name": "c", "provides": []})") == 0);
    CHECK(free_device_index(one, R"({"device": {"match": "com1"}})") == 0);
}
