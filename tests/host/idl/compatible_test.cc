// What idlc --check-compatible says of two editions of an interface: which changes break a released client (errors, with
// file and line), which only a new client at a released server (warnings), and which nobody.
#include "schema_files.h"

using namespace schema_files;

namespace {

const std::string kHead = "include \"eft.fbs\";\nnamespace eft.test;\n";

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

Outcome compare(const std::string& released, const std::string& now) {
    Folder folder;
    fs::create_directories(folder.path / "old");
    reflect(folder, "case", released);
    for (const char* file : {"case.fbs", "case.bfbs"}) fs::rename(folder / file, folder.path / "old" / file);
    reflect(folder, "case", now);
    return run(folder, EFT_IDLC " --check-compatible --source case.fbs --released old/case.fbs old/case.bfbs case.bfbs");
}

void is_silent(const Edition& released, const Edition& now) {
    Outcome outcome = compare(released.text(), now.text());
    CHECK(outcome.status == 0);
    CHECK(outcome.errors == "");
}

// `now` has a marked line.
void says(const char* kind, const Edition& released, const Edition& now, const std::string& message) {
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

void breaks(const Edition& released, const Edition& now, const std::string& message) {
    says("error", released, now, message);
}
void warns(const Edition& released, const Edition& now, const std::string& message) {
    says("warning", released, now, message);
}

// The plain edition with another part.
Edition with(std::string Edition::*part, const std::string& text) {
    Edition edition;
    edition.*part = text;
    return edition;
}

}  // namespace

TEST_CASE("what is the same is compatible with itself") { is_silent({}, {}); }

TEST_CASE("additions break nobody") {
    is_silent({}, with(&Edition::request, "a:uint; b:string (max:\"64\"); c:Cap (cap:\"any\"); d:uint = 7; "
                                          "e:string (max:\"8\"); f:Cap (cap:\"memory\", optional);"));
    is_silent({}, with(&Edition::response, "a:uint; b:Color; c:ulong;"));
    is_silent({}, with(&Edition::call, "Go (Ask):Answer (ordinal:\"3\", idempotent, within:\"1s\");\n"
                                       "  Stop (eft.Empty):eft.Empty (ordinal:\"4\");"));
    is_silent({}, with(&Edition::service, "id:\"60000\", inflight:\"16\", error:\"Trouble\", version:\"2\""));
    is_silent({}, with(&Edition::declarations,
                       "enum Color : ubyte { Red, Green }\nenum Trouble : uint { Hot = 256, Cold = 257, Wet = 258 }\n"));
    is_silent({}, with(&Edition::request, "a:uint (deprecated); b:string (max:\"16\"); c:Cap (cap:\"memory\");"));
    Edition plain = with(&Edition::call, "Go (Ask):Answer (ordinal:\"3\");");
    is_silent(plain, {});
}

TEST_CASE("a field that moves, goes or changes breaks released clients") {
    breaks({}, with(&Edition::request, "b:string (max:\"16\");\n  c:Cap (cap:\"memory\"); a:uint; //!\n"),
           "Ask.a has id 2; it was released with id 0");
    breaks({}, with(&Edition::response, "\n  b:Color; //!\n"), "Answer.b has id 0; it was released with id 1");
    breaks({}, with(&Edition::response, "a:uint;\n  colour:Color; //!\n"), "Answer.colour has the place of b");
    breaks({}, with(&Edition::response, "\n  a:int; //!\n b:Color;"), "Answer.a was released as uint and is int");
    breaks({}, with(&Edition::response, "\n  a:uint = 1; //!\n b:Color;"),
           "Answer.a has the default 1; it was released with 0");
    Edition shorter = with(&Edition::response, "a:uint;");
    Outcome outcome = compare(Edition{}.text(), shorter.text());
    CHECK(outcome.status == 1);
    CHECK_MESSAGE(outcome.errors.find("Answer.b is gone") != std::string::npos, outcome.errors);
    CHECK_MESSAGE(outcome.errors.find("old/case.fbs:") != std::string::npos, outcome.errors);
    breaks(with(&Edition::request, "a:uint (deprecated); b:string (max:\"16\"); c:Cap (cap:\"memory\");"),
           with(&Edition::request, "\n  a:uint; //!\n b:string (max:\"16\"); c:Cap (cap:\"memory\");"),
           "Ask.a was deprecated and is in use again");
}

TEST_CASE("the bound of a request only grows, that of a response does not") {
    breaks({}, with(&Edition::request, "a:uint;\n  b:string (max:\"15\"); //!\n c:Cap (cap:\"memory\");"),
           "Ask.b has max 15; it was released with 16");
    Edition text = with(&Edition::response, "a:uint; b:Color; c:string (max:\"16\");");
    breaks(text, with(&Edition::response, "a:uint; b:Color;\n  c:string (max:\"17\"); //!\n"),
           "Answer.c has max 17; it was released with 16");
    warns(text, with(&Edition::response, "a:uint; b:Color;\n  c:string (max:\"15\"); //!\n"),
          "Answer.c has max 15; it was released with 16");
}

TEST_CASE("a table that gets its first string or vector changes its encoding") {
    breaks({}, with(&Edition::response, "a:uint; b:Color; c:string (max:\"16\"); //!\n"),
           "Answer changes from encoding 1 to encoding 2");
}

TEST_CASE("capabilities that have to be there, and what they are to") {
    breaks({}, with(&Edition::request, "a:uint; b:string (max:\"16\");\n  c:Cap (cap:\"notification\"); //!\n"),
           "Ask.c was a capability to memory and is one to notification");
    breaks({}, with(&Edition::request, "a:uint; b:string (max:\"16\"); c:Cap (cap:\"memory\");\n"
                                       "  d:Cap (cap:\"memory\"); //!\n"),
           "Ask.d is a new capability that must be there");
    Edition answers = with(&Edition::response, "a:uint; b:Color; c:Cap (cap:\"memory\");");
    breaks(answers, with(&Edition::response, "a:uint; b:Color;\n  c:Cap (cap:\"memory\", optional); //!\n"),
           "Answer.c was always there and is optional");
    warns({}, with(&Edition::response, "a:uint; b:Color;\n  c:Cap (cap:\"memory\"); //!\n"),
          "Answer.c is a new capability that must be there");
}

TEST_CASE("enums: numbers stay, and who reads a value must know it") {
    breaks({}, with(&Edition::declarations, "enum Color : ubyte {\n  Green, Red //!\n}\n"
                                            "enum Trouble : uint { Hot = 256, Cold = 257 }\n"),
           "Color.Green is 0; it was released as 1");
    breaks({}, with(&Edition::declarations, "enum Color : ubyte { Red, Green,\n Blue //!\n}\n"
                                            "enum Trouble : uint { Hot = 256, Cold = 257 }\n"),
           "Answer.b can be Blue, which is new");
    warns({}, with(&Edition::declarations, "enum Color : ubyte { //!\n Red }\n"
                                           "enum Trouble : uint { Hot = 256, Cold = 257 }\n"),
          "Answer.b cannot be Green any more");
    breaks({}, with(&Edition::declarations, "enum Color : ubyte { Red, Green }\nenum Trouble : uint { Hot = 256,\n"
                                            "  Cold = 258 //!\n}\n"),
           "Trouble.Cold is 258; it was released as 257");
    // In a request the client chooses.
    Edition asks = with(&Edition::request, "a:Color;");
    asks.response = "a:uint;";
    Edition more = asks;
    more.declarations = "enum Color : ubyte { Red, Green, Blue }\nenum Trouble : uint { Hot = 256, Cold = 257 }\n";
    is_silent(asks, more);
    Edition fewer = asks;
    fewer.declarations = "enum Color : ubyte { //!\n Red, Green }\nenum Trouble : uint { Hot = 256, Cold = 257 }\n";
    breaks(more, fewer, "Ask.a cannot be Blue any more");
}

TEST_CASE("a struct is never changed") {
    Edition released = with(&Edition::response, "p:Point;");
    released.declarations += "struct Point { x:short; y:short; }\n";
    Edition swapped = with(&Edition::response, "p:Point;");
    swapped.declarations += "struct Point {\n  y:short; //!\n  x:short; }\n";
    breaks(released, swapped, "Point.y is not what was released there: short x");
    Edition larger = with(&Edition::response, "p:Point;");
    larger.declarations += "struct Point { //!\n  x:short; y:short; z:short; }\n";
    breaks(released, larger, "Point has other fields than the released one");
}

TEST_CASE("calls keep their ordinals") {
    breaks({}, with(&Edition::call, "Go (Ask):Answer (ordinal:\"4\", idempotent); //!\n"),
           "Test.Go has ordinal 4; it was released with 3");
    breaks({}, with(&Edition::call, "Walk (Ask):Answer (ordinal:\"3\", idempotent); //!\n"),
           "Test.Walk has the ordinal of Go");
    Edition without = with(&Edition::call, "Walk (Ask):Answer (ordinal:\"4\", idempotent);");
    Outcome outcome = compare(Edition{}.text(), without.text());
    CHECK(outcome.status == 1);
    CHECK_MESSAGE(outcome.errors.find("Test has no call Go any more") != std::string::npos, outcome.errors);
    Outcome gone = compare(Edition{}.text(), kHead + "table Ask { a:uint; }\n");
    CHECK(gone.status == 1);
    CHECK_MESSAGE(gone.errors.find("service Test is gone") != std::string::npos, gone.errors);
}

TEST_CASE("promises for a server's death are kept") {
    breaks({}, with(&Edition::call, "Go (Ask):Answer (ordinal:\"3\"); //!\n"), "Test.Go is no longer idempotent");
    breaks({}, with(&Edition::call, "Go (Ask):Answer (ordinal:\"3\", idempotent, on_restart:\"fail\"); //!\n"),
           "Test.Go says fail after its server's death; it was released with retry");
    breaks({}, with(&Edition::call, "Go (Ask):eft.Empty (ordinal:\"3\", idempotent, oneway); //!\n"),
           "Test.Go was released as call and is oneway");
    Edition once = with(&Edition::call, "Go (Ask):Answer (ordinal:\"3\", once);");
    breaks(once, with(&Edition::call, "Go (Ask):Answer (ordinal:\"3\", idempotent); //!\n"), "Test.Go is no longer once");
    warns(with(&Edition::call, "Go (Ask):Answer (ordinal:\"3\");"),
          with(&Edition::call, "Go (Ask):Answer (ordinal:\"3\", once); //!\n"), "Test.Go is once, which is new");
}

TEST_CASE("a service keeps its id, its sessions and its room") {
    auto service = [](const std::string& attributes) { return with(&Edition::service, attributes); };
    auto breaks_service = [&](const std::string& was, const std::string& is, const std::string& message) {
        Outcome outcome = compare(service(was).text(), service(is).text());
        CHECK(outcome.status == 1);
        CHECK_MESSAGE(outcome.errors.find("case.fbs:7: error: Test " + message) != std::string::npos, outcome.errors);
    };
    breaks_service("id:\"60000\"", "id:\"60001\"", "has id 60001; it was released with 60000");
    breaks_service("id:\"60000\"", "id:\"60000\", inflight:\"8\"", "has sessions, which it was released without");
    breaks_service("id:\"60000\", inflight:\"8\"", "id:\"60000\", inflight:\"4\"",
                   "takes 4 requests at once; it was released with 8");
    breaks_service("id:\"60000\", on_restart:\"reattach\"", "id:\"60000\", on_restart:\"reset\"",
                   "no longer reattaches sessions");
    breaks_service("id:\"60000\", error:\"Trouble\"", "id:\"60000\"", "has no errors of its own any more");
}
