// Manifests that are another one with changes.
#include <overlay.h>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

using namespace eft::manifest_overlay;

namespace {

const Json kBase = Json::parse(R"({"services": [
    {"name": "hpet", "level": 5, "priority": 40, "start_ms": 9},
    {"name": "ext2", "level": 6, "connects": ["block/0"]},
    {"name": "canary", "level": 7}]})");

struct Folder {
    std::filesystem::path path;
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "eft-overlay-XXXXXX").string();
        path = mkdtemp(name.data());
        write("base.json", kBase.dump());
    }
    ~Folder() { std::filesystem::remove_all(path); }
    std::string write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories((path / name).parent_path());
        std::ofstream(path / name) << text;
        return (path / name).string();
    }
    Json made_of(const std::string& overlay) const {
        std::vector<std::string> read;
        return load(write("overlay.json", overlay), read);
    }
    // What is wrong with it, without the path.
    std::string refusal(const std::string& overlay) const {
        try {
            made_of(overlay);
        } catch (const OverlayError& error) {
            const std::string text = error.what();
            const std::string name = "overlay.json: ";
            REQUIRE(text.find(name) != std::string::npos);
            return text.substr(text.find(name) + name.size());
        }
        return "accepted";
    }
};

}  // namespace

TEST_CASE("a whole manifest stays as it is") {
    std::vector<std::string> read;
    const Folder folder;
    CHECK(load((folder.path / "base.json").string(), read) == kBase);
    CHECK(read.size() == 1);
}

TEST_CASE("services left out, changed and added") {
    const Folder folder;
    const Json made = folder.made_of(R"({"base": "base.json", "without": ["ext2"],
        "change": [{"name": "hpet", "priority": 52, "start_ms": null, "quota": 7}],
        "add": [{"name": "client", "level": 7, "copies": 2}, {"name": "other", "program": "client", "copies": 1}, {"name": "last"}]})");
    CHECK(made == Json::parse(R"({"services": [
        {"name": "hpet", "level": 5, "priority": 52, "quota": 7},
        {"name": "canary", "level": 7},
        {"name": "client_0", "level": 7, "program": "client"},
        {"name": "client_1", "level": 7, "program": "client"},
        {"name": "other_0", "program": "client"},
        {"name": "last"}]})"));
}

TEST_CASE("a base with a base, each named relative to its own file") {
    const Folder folder;
    folder.write("deep/middle.json", R"({"base": "../base.json", "without": ["canary"]})");
    std::vector<std::string> read;
    const std::string top = folder.write("top.json", R"({"base": "deep/middle.json", "without": ["hpet"]})");
    const Json made = load(top, read);
    REQUIRE(made.at("services").size() == 1);
    CHECK(made.at("services")[0] == kBase.at("services")[1]);
    REQUIRE(read.size() == 3);
    CHECK(read[0] == top);
    CHECK(read[1] == (folder.path / "deep/middle.json").string());
    CHECK(read[2] == (folder.path / "base.json").string());
}

TEST_CASE("what does not fit the base is refused") {
    const Folder folder;
    CHECK(folder.refusal(R"({"base": "base.json", "without": ["uart"]})") == "the base has no service uart");
    CHECK(folder.refusal(R"({"base": "base.json", "change": [{"name": "uart", "level": 5}]})") == "the base has no service uart");
    CHECK(folder.refusal(R"({"base": "base.json", "change": [{"name": "ext2", "start_ms": null}]})") == "ext2 has no start_ms");
    CHECK(folder.refusal(R"({"base": "base.json", "add": [{"name": "hpet"}]})") == "the base has a service hpet already");
    CHECK(folder.refusal(R"({"base": "base.json", "added": []})") == "unknown key added");
    CHECK(folder.refusal(R"({"base": "overlay.json"})") == "a base of a base of a base…");
    CHECK(folder.refusal(R"({"base": "base.json", "add": [{"level": 7}]})").find("name") != std::string::npos);
    CHECK(folder.refusal("{").find("parse error") != std::string::npos);
    std::vector<std::string> read;
    CHECK_THROWS_AS(load((folder.path / "absent.json").string(), read), OverlayError);
}
