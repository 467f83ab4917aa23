// What idlc --check-compatible says of two editions of an interface: which changes break a released client (errors, with
// file and line), which only a new client at a released server (warnings), and which nobody. Here: services, calls,
// events and the fields of tables.
#include "editions.h"

using namespace editions;

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

TEST_CASE("a call that answers or takes another table is found, whoever still has the old one") {
    const auto edition = [](const std::string& first, const std::string& second) {
        Edition all;
        all.declarations += "table Same { a:uint; b:Color; }\ntable Other { a:ulong; //!\n}\n";
        all.call = "  First " + first + " (ordinal:\"1\");\n  Second " + second + " (ordinal:\"2\");";
        return all;
    };
    breaks(edition("(Ask):Answer", "(Ask):Answer"), edition("(Ask):Answer", "(Ask):Other"), "Other.a was released as uint and is ulong");
    breaks(edition("(Ask):Answer", "(Ask):Answer"), edition("(Ask):Other", "(Ask):Answer"), "Other.a was released as uint and is ulong");
    breaks(edition("(Answer):Answer", "(Answer):Answer"), edition("(Answer):Answer", "(Other):Answer"), "Other.a was released as uint and is ulong");
    // A name does not travel.
    is_silent(edition("(Ask):Answer", "(Ask):Answer"), edition("(Ask):Answer", "(Ask):Same"));
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
    breaks({}, with(&Edition::call, "Go (Ask):Answer (ordinal:\"3\", once); //!\n"), "Test.Go is no longer idempotent");
    is_silent({}, with(&Edition::call, "Go (Ask):Answer (ordinal:\"3\", atomic);"));
    is_silent(with(&Edition::call, "Go (Ask):Answer (ordinal:\"3\", idempotent, on_restart:\"fail\");"), {});
    warns(with(&Edition::call, "Go (Ask):Answer (ordinal:\"3\");"),
          with(&Edition::call, "Go (Ask):Answer (ordinal:\"3\", once); //!\n"), "Test.Go is once, which is new");
}

TEST_CASE("kinds of session keep their numbers, and their calls") {
    const auto edition = [](const std::string& kinds, const std::string& callers) {
        Edition made;
        made.service = "id:\"60000\"" + (kinds.empty() ? "" : ", kinds:\"" + kinds + "\"");
        made.call = "Go (Ask):Answer (ordinal:\"3\"" + (callers.empty() ? "" : ", for:\"" + callers + "\"") + ");";
        return made;
    };
    const auto marked = [&](const std::string& kinds, const std::string& callers) {
        Edition now = edition(kinds, callers);
        now.call = "\n  " + now.call + " //!";
        return now;
    };
    const auto marked_service = [&](const std::string& kinds, const std::string& callers) {
        Edition now = edition(kinds, callers);
        now.service += ") { //!\n  //";
        return now;
    };
    is_silent(edition("control", "control"), edition("control, client", "control, client"));
    breaks(edition("control, client", "control, client"), marked("control, client", "client"), "Test.Go is no longer for 'control'");
    breaks(edition("", ""), marked_service("control", "control"), "Test has the kinds of session \"control\"; it was released with none");
    breaks(edition("control", "control"), marked_service("", ""), "Test has the kinds of session none; it was released with \"control\"");
    breaks(edition("control", "control"), marked_service("client, control", "control"),
           "Test has the kinds of session \"client, control\"; it was released with \"control\"");
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
    breaks_service("id:\"60000\", version:\"3\"", "id:\"60000\", version:\"2\"", "has version 2; it was released with 3");
    is_silent(service("id:\"60000\", version:\"2\""), service("id:\"60000\", version:\"3\""));
    is_silent(service("id:\"60000\", on_restart:\"reset\""), service("id:\"60000\", on_restart:\"reattach\""));
    is_silent(service("id:\"60000\", inflight:\"4\""), service("id:\"60000\", inflight:\"8\""));
}

TEST_CASE("what a server keeps of its clients is its own") {
    Edition released = with(&Edition::service, "id:\"60000\", session:\"Client\"");
    released.declarations += "table Client { calls:ulong; last:uint; }\n";
    Edition other = with(&Edition::service, "id:\"60000\", session:\"Client\"");
    other.declarations += "table Client { last:ulong; }\n";
    is_silent(released, other);
    // It keeps it over its death, unless it says otherwise.
    Edition forgets = released;
    forgets.service = "\n  id:\"60000\", session:\"Client\", on_restart:\"reset\"";
    Outcome outcome = compare(released.text(), forgets.text());
    CHECK(outcome.status == 1);
    CHECK_MESSAGE(outcome.errors.find(": error: Test no longer reattaches sessions") != std::string::npos, outcome.errors);
    is_silent(forgets, released);
}

TEST_CASE("an interface's own errors are there as long as clients may handle them") {
    Edition none = with(&Edition::service, "id:\"60000\", inflight:\"8\"");
    none.call = "Go (Ask):Answer (ordinal:\"3\", idempotent); //!\n";
    breaks({}, none, "Test.Go has no errors of its own any more");
    is_silent(none, {});
    // A call's own ones stand in place of its service's.
    const std::string both = "enum Color : ubyte { Red, Green }\nenum Trouble : uint { Hot = 256, Cold = 257 }\n";
    Edition own = with(&Edition::call, "Go (Ask):Answer (ordinal:\"3\", idempotent, error:\"Narrow\");");
    own.declarations = both + "enum Narrow : uint { //!\n  Hot = 256 }\n";
    breaks({}, own, "Narrow.Cold is gone");
    own.declarations = both + "enum Narrow : uint { Hot = 256, Cold = 257, Wet = 258 }\n";
    is_silent({}, own);
}

TEST_CASE("events keep their ordinals, their contents and their room") {
    const auto event = [](const std::string& call) {
        Edition edition = with(&Edition::service, "id:\"60000\", on_restart:\"reattach\", error:\"Trouble\"");
        edition.call = "Go (Ask):Answer (ordinal:\"3\", idempotent);\n  " + call;
        return edition;
    };
    const Edition released = event("Changed (eft.Empty):Answer (ordinal:\"5\", event:\"8\");");
    is_silent(released, released);
    is_silent(event(""), released);  // a new one
    is_silent(released, event("Changed (eft.Empty):Answer (ordinal:\"5\", event:\"16\");"));
    breaks(released, event("Changed (eft.Empty):Answer (ordinal:\"5\", event:\"4\"); //!\n"),
           "Test.Changed keeps 4 events for a subscriber; it was released with 8");
    breaks(released, event("Changed (eft.Empty):Answer (ordinal:\"6\", event:\"8\"); //!\n"),
           "Test.Changed has ordinal 6; it was released with 5");
    breaks(released, event("Changed (eft.Empty):Answer (ordinal:\"5\", idempotent); //!\n"),
           "Test.Changed was released as an event and is a call");
    breaks(event("Changed (eft.Empty):Answer (ordinal:\"5\", idempotent);"),
           event("Changed (eft.Empty):Answer (ordinal:\"5\", event:\"8\"); //!\n"),
           "Test.Changed was released as a call and is an event");
    Outcome gone = compare(released.text(), event("").text());
    CHECK(gone.status == 1);
    CHECK_MESSAGE(gone.errors.find("Test has no event Changed any more") != std::string::npos, gone.errors);
    CHECK_MESSAGE(gone.errors.find("it need not be raised; see old/case.fbs:") != std::string::npos, gone.errors);
    // Its table travels from the server.
    Edition released_text = event("Changed (eft.Empty):Text (ordinal:\"5\", event:\"8\");");
    released_text.declarations += "table Text { t:string (max:\"8\"); }\n";
    Edition longer = event("Changed (eft.Empty):Text (ordinal:\"5\", event:\"8\");");
    longer.declarations += "table Text {\n t:string (max:\"9\"); //!\n }\n";
    breaks(released_text, longer, "Text.t has max 9; it was released with 8");
    // A service without sessions has none to keep a queue in.
    Edition stateless = with(&Edition::service, "id:\"60000\"");
    Edition with_event = stateless;
    with_event.call += "\n  Changed (eft.Empty):Answer (ordinal:\"5\", event:\"8\");";
    Outcome outcome = compare(stateless.text(), with_event.text());
    CHECK_MESSAGE(outcome.errors.find(": error: Test has sessions, which it was released without") != std::string::npos,
                  outcome.errors);
}
