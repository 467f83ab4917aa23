// The reference pages that idlc writes: what a reader looks for stands there, and every link leads to a heading.
#include "schema_files.h"

#include <map>
#include <set>
#include <vector>

using namespace schema_files;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A heading's anchor, as Markdown readers make it.
std::string anchor_of(const std::string& heading) {
    std::string anchor;
    for (unsigned char c : heading)
        if (std::isalnum(c) || c == '_' || c == '-')
            anchor += static_cast<char>(std::tolower(c));
        else if (c == ' ')
            anchor += '-';
    return anchor;
}

struct Page {
    std::set<std::string> anchors;
    std::vector<std::string> links;  // FILE#ANCHOR, FILE may be empty
};

Page read_page(const std::string& text) {
    Page page;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("#")) page.anchors.insert(anchor_of(line.substr(line.find(' ') + 1)));
        for (std::size_t at = 0; (at = line.find("](", at)) != std::string::npos; ++at) {
            std::size_t end = line.find(')', at);
            page.links.push_back(line.substr(at + 2, end - at - 2));
        }
    }
    return page;
}

}  // namespace

TEST_CASE("a page has comments, ordinals, types, bounds, defaults, recovery words and errors") {
    Folder folder;
    reflect(folder, "case",
            "include \"eft.fbs\";\nnamespace eft.test;\n"
            "/// What went wrong | in words.\nenum Trouble : uint {\n  /// Too warm.\n  Hot = 256 }\n"
            "table Ask {\n  /// In metres.\n  a:uint = 7; b:string (max:\"16\"); c:Cap (cap:\"memory\", optional); }\n"
            "/// Does things.\nrpc_service Test (id:\"60000\", inflight:\"8\", error:\"Trouble\") {\n"
            "  /// Goes.\n  /// Far.\n  Go (Ask):eft.Empty (ordinal:\"3\", idempotent, within:\"5s\");\n"
            "  Spend (Ask):eft.Empty (ordinal:\"4\");\n}\n");
    Outcome outcome = run(folder, EFT_IDLC " --out . --source case.fbs --reference case.md case.bfbs");
    REQUIRE_MESSAGE(outcome.status == 0, outcome.errors);
    std::string page = content(folder / "case.md");
    CAPTURE(page);
    CHECK(has(page, "## Service Test\n\nDoes things.\n"));
    CHECK(has(page, "| id | 60000 |"));
    CHECK(has(page, "| requests of a session at once | 8 |"));
    CHECK(has(page, "| errors of its own | [`Trouble`](#trouble) |"));
    CHECK(has(page, "| 3 | [Go](#testgo) | [`Ask`](#ask) | [`eft.Empty`](eft.md#empty) | call | idempotent | retry |"));
    CHECK(has(page, "| 4 | [Spend](#testspend) | [`Ask`](#ask) | [`eft.Empty`](eft.md#empty) | call | no | the caller decides |"));
    CHECK(has(page, "Goes. Far."));
    CHECK(has(page, "A reply later than 5s is evidence"));
    CHECK(has(page, "| 0 | `a` | `uint` | 7 |  | In metres. |"));
    CHECK(has(page, "| 1 | `b` | `string` |  | at most 16 bytes |  |"));
    CHECK(has(page, "| 2 | `c` | `Cap` |  | to memory, may be absent |  |"));
    CHECK(has(page, "What went wrong \\| in words."));
    CHECK(has(page, "| 256 | `Hot` | Too warm. |"));
}

TEST_CASE("a page says for which kinds of session a call is") {
    Folder folder;
    reflect(folder, "case",
            "include \"eft.fbs\";\nnamespace eft.test;\nrpc_service Test (id:\"60000\", kinds:\"control, client\") {\n"
            "  Go (eft.Empty):eft.Empty (ordinal:\"3\", for:\"control\");\n}\n");
    REQUIRE(run(folder, EFT_IDLC " --out . --source case.fbs --reference case.md case.bfbs").status == 0);
    const std::string page = content(folder / "case.md");
    CAPTURE(page);
    CHECK(has(page, "| kinds of session | control, client |"));
    CHECK(has(page, "| after a death | for |\n|---|---|---|---|---|---|---|---|\n"));
    CHECK(has(page, "| the caller decides | control |"));
    CHECK(has(page, "For sessions of kind control; PermissionDenied to others."));
}

TEST_CASE("every link in the pages of the system's interfaces leads somewhere") {
    std::map<std::string, Page> pages;
    for (const auto& file : fs::directory_iterator(EFT_IDL_REFERENCE))
        pages[file.path().filename().string()] = read_page(content(file.path().string()));
    CHECK(pages.size() > 10);
    CHECK(pages.at("README.md").links.size() > 10);
    for (const auto& [name, page] : pages)
        for (const std::string& link : page.links) {
            CAPTURE(name);
            CAPTURE(link);
            std::string file = link.substr(0, link.find('#'));
            if (file.empty()) file = name;
            REQUIRE(pages.contains(file));
            if (has(link, "#")) CHECK(pages.at(file).anchors.contains(link.substr(link.find('#') + 1)));
        }
}
