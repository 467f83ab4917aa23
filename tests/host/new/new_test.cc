// What `./eft new` plans on the tree itself, and what it refuses; nothing is written here. That what it makes works is
// shown by tests/system/new.
#include <component.h>
#include <manifest.h>
#include <words.h>

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

using namespace eft::fresh;

namespace {

const SourceTree& tree() {
    static const SourceTree source(EFT_SOURCE_DIR);
    return source;
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
    for (const auto& [path, text] : plan(tree(), kind, "tally", with_ring).files) {
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
    for (const char* name : {"tally", "kv", "word_count", "abcdefghijklmnopqrstuvwx", "x2", "index", "name", "edu"}) CHECK_MESSAGE(refusal(name) == "", name);
}

TEST_CASE("a name is no word of the languages that it stands in") {
    for (const char* name : {"class", "co_await", "xor", "namespace", "requires", "std"}) CHECK(refuses(name, "C++"));
    for (const char* name : {"errno", "stdin", "offsetof"}) CHECK(refuses(name, "a macro"));
    for (const char* name : {"table", "ubyte", "root_type", "rpc_service", "string"}) CHECK(refuses(name, "FlatBuffers"));
    for (const char* name : {"all", "test", "gcc", "help"}) CHECK(refuses(name, "the build has a target"));
    for (const char* name : {"root", "names", "manifest"}) CHECK(refuses(name, "the system has a part"));
}

TEST_CASE("what the tree has already is refused, whatever has it") {
    for (const char* name : {"echo", "ext2", "uart", "monitor", "virtio"}) CHECK(refuses(name, "there is a folder"));
    for (const char* name : {"console", "timer", "canary", "bystander"}) CHECK(refuses(name, "has a service or program"));
    for (const char* name : {"idl", "monitor_text", "machine_test"}) CHECK(refuses(name, "has a target"));
    // Interfaces and names of libos: a namespace of that name in eft would hide them, or not compile.
    for (const char* name : {"syslog", "exit", "panic", "connect", "ipc", "sys", "layout", "raw", "slot"}) CHECK(refuses(name, "in namespace eft"));
    CHECK(refuses("timer_service", "has an interface TimerService"));
    CHECK(refuses("client", "the template itself uses the word Client"));
    CHECK(refuses("sums", "the template itself uses the word Sums"));
}

TEST_CASE("words of code are those outside of comments, strings and fields") {
    const auto words = words_of_code("// no\nstruct A1 { int b; };  // no\nchar* s = \"no\"; @name@::c // no");
    CHECK(words == std::vector<std::string_view>{"struct", "A1", "int", "b", "char", "s", "c"});
    CHECK(words_of_code("\"open").empty());
    CHECK(camel_case("word_count_2x") == "WordCount2x");
}

TEST_CASE("a component has everything, and nothing of the template is left in it") {
    for (const std::string kind : {"server", "driver"}) {
        const Component component = plan(tree(), kind, "word_count");
        for (const std::string& path :
             {std::string("idl/word_count.fbs"), kind + "s/word_count/main.cc", kind + "s/word_count/CMakeLists.txt", std::string("tests/host/word_count/word_count_test.cc"),
              std::string("tests/system/word_count/word_count_test.cc"), std::string("docs/services/word_count.md")})
            CHECK_MESSAGE(component.files.contains(path), path);
        for (const auto& [path, text] : component.files) {
            CHECK_MESSAGE(text.find('@') == std::string::npos, path);
            CHECK_MESSAGE(!tree().has(path), path);
        }
        CHECK(component.files.at("idl/word_count.fbs").find("rpc_service WordCount (id:\"100\"") != std::string::npos);
        CHECK(component.changed.at("docs/services/README.md").ends_with("- [word_count](word_count.md), a " + kind + "\n"));
    }
}

TEST_CASE("a driver with a ring is the driver, with another service on the same device") {
    const Component plain = plan(tree(), "driver", "word_count"), ring = plan(tree(), "driver", "word_count", true);
    CHECK(ring.files.at("drivers/word_count/engine.h") == plain.files.at("drivers/word_count/engine.h"));
    CHECK(ring.files.at("drivers/word_count/main.cc") == plain.files.at("drivers/word_count/main.cc"));
    CHECK(ring.files.at("drivers/word_count/word_count.h") != plain.files.at("drivers/word_count/word_count.h"));
    CHECK(ring.files.at("idl/word_count.fbs").find("ring:\"16\"") != std::string::npos);
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

TEST_CASE("the manifest's entry stands behind those of its level, and the prompt may connect") {
    const auto services = [](const std::string& kind) {
        return nlohmann::json::parse(plan(tree(), kind, "tally").changed.at("images/manifest/manifest.json")).at("services");
    };
    const auto place = [](const nlohmann::json& list, const std::string& name) {
        const auto found = std::find_if(list.begin(), list.end(), [&](const auto& each) { return each.at("name") == name; });
        REQUIRE(found != list.end());
        return found - list.begin();
    };
    const auto server = services("server"), driver = services("driver");
    CHECK(place(server, "tally") > place(server, "counter"));
    CHECK(place(server, "tally") < place(server, "monitor"));
    CHECK(place(driver, "tally") > place(driver, "virtio_blk"));
    CHECK(place(driver, "tally") < place(driver, "log"));
    CHECK(server.at(place(server, "tally")).at("priority") == 30);
    CHECK(driver.at(place(driver, "tally")).at("priority") == 40);
    const auto& connects = server.at(place(server, "monitor")).at("connects");
    CHECK(std::count(connects.begin(), connects.end(), "tally") == 1);
}

TEST_CASE("a second driver gets the second device") {
    const std::string entry = R"({"name": "b", "level": 5, "provides": ["b"], "device": {"match": "pci:1234:11e8"}})";
    const std::string empty = R"({"services": []})";
    CHECK(free_device_index(empty, entry) == 0);
    const std::string one = with_entry(empty, entry);
    CHECK(free_device_index(one, entry) == 1);
    CHECK(free_device_index(one, R"({"name": "c", "level": 6, "provides": []})") == 0);
    CHECK(free_device_index(one, R"({"device": {"match": "com1"}})") == 0);
}
