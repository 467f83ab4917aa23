// Two editions of an interface, and what idlc --check-compatible says of them.
#pragma once

#include "schema_files.h"

namespace editions {

using namespace schema_files;

inline const std::string kHead = "include \"eft.fbs\";\nnamespace eft.test;\n";

// A schema with one call; `request` and `response` are the fields of its tables.
struct Edition {
    std::string request = "a:uint; b:string (max:\"16\"); c:Cap (cap:\"memory\");";
    std::string response = "a:uint; b:Color;";
    std::string declarations = "enum Color : ubyte { Red, Green }\nenum Trouble : uint { Hot = 256, Cold = 257 }\n";
    std::string service = "id:\"60000\", inflight:\"8\", error:\"Trouble\"";
    std::string call = "Go (Ask):Answer (ordinal:\"3\", idempotent);";

    std::string text() const {
        return kHead + declarations + "table Ask { " + request + " }\ntable Answer { " + response +
               " }\nrpc_service Test (" + service + ") {\n  " + call + "\n}\n";
    }
};

inline Outcome compare(const std::string& released, const std::string& now) {
    Folder folder;
    fs::create_directories(folder.path / "old");
    reflect(folder, "case", released);
    for (const char* file : {"case.fbs", "case.bfbs"}) fs::rename(folder / file, folder.path / "old" / file);
    reflect(folder, "case", now);
    return run(folder, EFT_IDLC " --check-compatible --source case.fbs --released old/case.fbs old/case.bfbs case.bfbs");
}

inline void is_silent(const Edition& released, const Edition& now) {
    Outcome outcome = compare(released.text(), now.text());
    CHECK(outcome.status == 0);
    CHECK(outcome.errors == "");
}

// `now` has a marked line.
inline void says(const char* kind, const Edition& released, const Edition& now, const std::string& message) {
    std::string text = now.text();
    Outcome outcome = compare(released.text(), text);
    CAPTURE(text);
    CAPTURE(outcome.errors);
    CHECK(outcome.status == (std::string(kind) == "error" ? 1 : 0));
    REQUIRE(marked_line(text) != 0);
    CHECK(outcome.errors.find("case.fbs:" + std::to_string(marked_line(text)) + ": " + kind + ": " + message) !=
          std::string::npos);
    CHECK(outcome.errors.find("hint: ") != std::string::npos);
}

inline void breaks(const Edition& released, const Edition& now, const std::string& message) {
    says("error", released, now, message);
}
inline void warns(const Edition& released, const Edition& now, const std::string& message) {
    says("warning", released, now, message);
}

// The plain edition with another part.
inline Edition with(std::string Edition::*part, const std::string& text) {
    Edition edition;
    edition.*part = text;
    return edition;
}

}  // namespace editions
