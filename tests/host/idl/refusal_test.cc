// What idlc refuses: each refusal with its file, its line, and what it says. Long because it is a list of cases.
//
// A case is a schema's text in which the guilty line ends with `//!`; flatc and idlc run on it as in a build.
#include <doctest/doctest.h>

#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace {

namespace fs = std::filesystem;

struct Folder {
    fs::path path = fs::temp_directory_path() / ("idl_refusals." + std::to_string(getpid()));
    Folder() { fs::create_directories(path); }
    ~Folder() { fs::remove_all(path); }
};

std::string content(const fs::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

void write(const fs::path& path, const std::string& text) { std::ofstream(path) << text; }

int run(const std::string& command) { return WEXITSTATUS(std::system(command.c_str())); }

struct Outcome {
    int status;
    std::string errors;
};

Outcome compile(const Folder& folder, const std::string& text) {
    fs::path schema = folder.path / "case.fbs";
    write(schema, text);
    std::string log = (folder.path / "log").string();
    int parsed =
        run("cd " + folder.path.string() +
            " && " EFT_FLATC " -b --schema --bfbs-comments --bfbs-builtins --bfbs-filenames . -I " EFT_IDL_FOLDER
            " case.fbs > " +
            log + " 2>&1");
    REQUIRE_MESSAGE(parsed == 0, content(log));
    std::string idlc = EFT_IDLC " --out " + folder.path.string() + " --source " + schema.string() + " " +
                       (folder.path / "case.bfbs").string();
    int status = run(idlc + " > " + log + " 2>&1");
    return {status, content(log)};
}

unsigned marked_line(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    for (unsigned number = 1; std::getline(lines, line); ++number)
        if (line.ends_with("//!")) return number;
    return 0;
}

// The rest of a service with one harmless call.
const std::string kGet = "  Get (eft.Empty):eft.Empty (ordinal:\"1\", idempotent);\n}\n";
const std::string kHead = "include \"eft.fbs\";\nnamespace eft.test;\n";

void refuses(const std::string& body, const std::string& message) {
    Folder folder;
    std::string text = kHead + body;
    CAPTURE(text);
    Outcome outcome = compile(folder, text);
    CAPTURE(outcome.errors);
    CHECK(outcome.status == 1);
    REQUIRE(marked_line(text) != 0);
    std::string expected =
        (folder.path / "case.fbs").string() + ":" + std::to_string(marked_line(text)) + ": error: " + message;
    CHECK(outcome.errors.find(expected) != std::string::npos);
    CHECK(outcome.errors.find("hint: ") != std::string::npos);
    CHECK(!fs::exists(folder.path / "case.h"));
}

// A service of one call, with what stands in its parentheses.
std::string call(const std::string& attributes, const std::string& service = "inflight:\"4\"") {
    return "table T { a:uint; }\nrpc_service S (id:\"60010\", " + service + ") {\n  // before\n  Run (T):T (" +
           attributes + "); //!\n}\n";
}
std::string field(const std::string& declaration) {
    return "table T {\n  before:uint;\n  " + declaration + " //!\n}\n";
}

}  // namespace

TEST_CASE("a schema that can work is compiled") {
    Folder folder;
    Outcome outcome = compile(folder, kHead + call("ordinal:\"1\", once, within:\"5ms\""));
    CHECK(outcome.errors == "");
    CHECK(outcome.status == 0);
    CHECK(content(folder.path / "case.h").find("namespace eft::test {") != std::string::npos);
}

TEST_CASE("ids") {
    refuses("rpc_service S { //!\n" + kGet, "S has no id");
    refuses("rpc_service S (id:\"0\") { //!\n" + kGet, "S has id:\"0\"");
    refuses("rpc_service S (id:\"65536\") { //!\n" + kGet, "S has id:\"65536\"");
    refuses("rpc_service S (id:\"seven\") { //!\n" + kGet, "S has id:\"seven\"");
    refuses("rpc_service S (id:\"60001\") {\n" + kGet + "rpc_service T (id:\"60001\") { //!\n" + kGet,
            "T has id 60001, which is S's");
}

TEST_CASE("an id that another schema of the tree has") {
    Folder folder;
    write(folder.path / "other.fbs", "include \"eft.fbs\";\n\nrpc_service Other (id:\"60005\") {\n" + kGet);
    Outcome outcome = compile(folder, kHead + "rpc_service S (id:\"60005\") {\n" + kGet);
    CHECK(outcome.status == 1);
    CHECK(outcome.errors.find("case.fbs:3: error: S has id 60005, which is Other's") != std::string::npos);
    CHECK(outcome.errors.find("see other.fbs:3") != std::string::npos);
}

TEST_CASE("an event of a schema that does not have eft.fbs, or another one") {
    const std::string text =
        "namespace eft;\nattribute \"ordinal\";\nattribute \"event\";\nattribute \"inflight\";\ntable Empty {}\n"
        "namespace eft.test;\ntable T { a:uint; }\nrpc_service S (id:\"60010\", inflight:\"4\") {\n"
        "  Changed (eft.Empty):T (ordinal:\"1\", event); //!\n}\n";
    const Outcome outcome = compile(Folder(), text);
    CAPTURE(outcome.errors);
    CHECK(outcome.status == 1);
    CHECK(outcome.errors.find(":9: error: S.Changed is an event, and there is no table eft.AfterEvent") != std::string::npos);
}

TEST_CASE("ordinals") {
    refuses(call("idempotent"), "S.Run has no ordinal");
    refuses(call("ordinal:\"0\""), "S.Run has ordinal:\"0\"");
    refuses(call("ordinal:\"-1\""), "S.Run has ordinal:\"-1\"");
    refuses(
        "table T {}\nrpc_service S (id:\"60001\") {\n  A (T):T (ordinal:\"1\");\n  B (T):T (ordinal:\"1\"); //!\n}\n",
        "S.B has ordinal 1, which is S.A's");
}

TEST_CASE("what a description has no room for") {
    const auto service = [](const std::string& name, unsigned calls, const std::string& call) {
        std::string text = "rpc_service " + name + " (id:\"60001\") { //!\n";
        for (unsigned i = 1; i <= calls; ++i)
            text += "  " + call + std::to_string(i) + " (eft.Empty):eft.Empty (ordinal:\"" + std::to_string(i) + "\");\n";
        return text + "}\n";
    };
    {
        Folder folder;
        CHECK(compile(folder, kHead + service(std::string(64, 'S'), 64, "Call")).status == 0);
    }
    refuses(service("S", 65, "Call"), "S has calls, each event counted as two: 65; a description has room for 64");
    refuses(service("S", 60, "CallWithALongNameOf25Lett"), "S has calls, the length of whose names is 1671");
    refuses(service(std::string(65, 'S'), 1, "Call"), std::string(65, 'S') + " has a name whose length is 65");
}

TEST_CASE("recovery") {
    refuses(call("ordinal:\"1\", on_restart:\"retry\""),
            "S.Run has on_restart:\"retry\" and no licence to be repeated");
    refuses(call("ordinal:\"1\", on_restart:\"again\""), "S.Run has on_restart:\"again\"");
    refuses("rpc_service S (id:\"60001\", on_restart:\"retry\") { //!\n" + kGet, "S has on_restart:\"retry\"");
    refuses(call("ordinal:\"1\", once", "version:\"2\""), "S.Run is once, and its service has no sessions");
    refuses(call("ordinal:\"1\", atomic:\"yes\""), "S.Run has atomic:\"yes\"");
    refuses(call("ordinal:\"1\", within:\"5 minutes\""), "S.Run has within:\"5 minutes\"");
    refuses(call("ordinal:\"1\", within:\"0s\""), "S.Run has within:\"0s\"");
    refuses(call("ordinal:\"1\", idempotent, suspect:\"DeviceError Tiredness\""), "S.Run has suspect:\"Tiredness\"");
    refuses(call("ordinal:\"1\", idempotent, suspect:\"PeerDied\""), "S.Run has suspect:\"PeerDied\"");
    refuses(call("ordinal:\"1\", idempotent, suspect"), "S.Run has suspect:\"0\"");
    refuses(call("ordinal:\"1\", suspect:\"all\""), "S.Run is suspect and has no licence to be repeated");
    refuses(
        "table T {}\nrpc_service S (id:\"60001\") {\n  Run (T):eft.Empty (ordinal:\"1\", oneway, idempotent, "
        "on_restart:\"retry\"); //!\n}\n",
        "S.Run is oneway and says what to do when its server dies");
}

TEST_CASE("oneway") {
    refuses(call("ordinal:\"1\", oneway"), "S.Run is oneway and returns T");
    refuses(call("ordinal:\"1\", oneway:\"sometimes\""), "S.Run has oneway:\"sometimes\"");
    refuses(call("ordinal:\"1\", oneway, ring:\"4\""), "S.Run is oneway and travels through a ring");
}

TEST_CASE("attributes that idlc does not know, or not there") {
    refuses("attribute \"speed\";\n" + call("ordinal:\"1\", speed:\"9\""),
            "S.Run has the attribute 'speed', which is unknown");
    refuses(call("ordinal:\"1\", max:\"9\""), "S.Run has the attribute 'max', which is unknown");
    refuses("rpc_service S (id:\"60001\", ring:\"4\") { //!\n" + kGet, "S has the attribute 'ring', which is unknown");
    refuses(field("a:uint (once);"), "T.a has the attribute 'once', which is unknown");
    refuses(field("a:uint (max:\"4\");"), "T.a has the attribute 'max', which does not fit its type");
    refuses("table T (once) { //!\n}\n", "T has the attribute 'once', which means nothing on a table");
    refuses("struct T (force_align:16) { //!\n  a:uint;\n}\n",
            "T has the attribute 'force_align', which means nothing on a struct");
    refuses(field("a:string (max:\"4\", rights:\"read\");"),
            "T.a has the attribute 'rights', which does not fit its type");
}

TEST_CASE("bounds") {
    refuses(field("a:string;"), "T.a has no bound");
    refuses(field("a:[uint];"), "T.a has no bound");
    refuses(field("a:string (max:\"0\");"), "T.a has max:\"0\"");
    refuses(field("a:[ulong] (max:\"449\");"), "T.a has max:\"449\"");
    refuses("table T { //!\n  a:string (max:\"3000\");\n  b:string (max:\"3000\");\n}\n",
            "T takes up to 754 words; a message has at most 448");
}

TEST_CASE("types that have no place in encodings 1 and 2") {
    refuses("table U {}\n" + field("a:U;"), "T.a is a nested table, which needs encoding 3, and T does not say so");
    refuses("table U {}\n" + field("a:[U];"), "T.a is a vector of tables, which needs encoding 3");
    refuses(field("a:[string];"), "T.a is a vector of strings, which needs encoding 3");
    refuses("table U (encoding:\"flatbuffer\") {}\nunion V { U }\n" + field("a:V;"),
            "T.a is a union, which needs encoding 3");
    refuses(field("a:string (max:\"3\", required);"), "T.a is 'required', which only a nested table or a union can be");
    refuses("table T (encoding:\"json\") { //!\n}\n", "T has encoding:\"json\", which is unknown");
    refuses("struct T {\n  before:uint;\n  a:eft.Cap; //!\n}\n", "T.a cannot stand in a struct");
    refuses(field("a:[eft.Area];"), "T.a is a vector of what is no value");
}

TEST_CASE("encoding 3") {
    const std::string inner = "table Flat { a:uint; }\ntable Deep (encoding:\"flatbuffer\") { a:uint; }\n";
    auto nested = [&](const std::string& declaration) {
        return inner + "union Either { Deep }\ntable T (encoding:\"flatbuffer\") {\n  before:uint;\n  " + declaration +
               " //!\n}\n";
    };
    refuses(nested("a:Flat;"), "T.a holds Flat, which does not say that it needs encoding 3");
    refuses(nested("a:[Flat] (max:\"3\");"), "T.a holds Flat, which does not say that it needs encoding 3");
    refuses(nested("a:[Deep];"), "T.a has no bound");
    refuses(nested("a:[string] (each:\"9\");"), "T.a has no bound");
    refuses(nested("a:[string] (max:\"3\");"), "T.a has no bound for one string of it");
    refuses(nested("a:[string] (max:\"3\", each:\"0\");"), "T.a has each:\"0\"");
    refuses(nested("a:[Either] (max:\"3\");"), "T.a is a vector of unions");
    refuses(nested("a:eft.Cap (cap:\"any\");"), "T.a is a capability, which cannot lie in a FlatBuffer");
    refuses(nested("a:eft.Area (area:\"read\");"), "T.a is an Area, which cannot lie in a FlatBuffer");
    refuses(nested("a:string (max:\"4\", each:\"4\");"), "T.a has the attribute 'each', which does not fit its type");
    refuses(inner + "union Either { Flat } //!\n", "Either.Flat is a table that does not say that it needs encoding 3");
    refuses(inner + "struct P { a:uint; }\nunion Either { Deep, P } //!\n", "Either.P is no table");
    refuses(inner + "union Either { Deep, text:string } //!\n", "Either.text is no table");
    refuses(inner + "rpc_service S (id:\"60001\", session:\"Deep\") { //!\n" + kGet, "S has session:\"Deep\"");
    refuses(inner +
                "rpc_service S (id:\"60001\", inflight:\"1\") {\n  Run (Deep):eft.Empty (ordinal:\"1\", idempotent, "
                "ring:\"8\"); //!\n}\n",
            "S.Run travels through a ring, and Deep is a FlatBuffer");
}

TEST_CASE("capabilities") {
    refuses(field("a:eft.Cap;"), "T.a does not say what it is a capability to");
    refuses(field("a:eft.Cap (cap:\"printer\");"), "T.a has cap:\"printer\", which is unknown");
    refuses(field("a:eft.Cap (cap:\"endpoint:Nobody\");"), "T.a is an endpoint of Nobody, which is no service here");
    refuses("table T {\n  a:eft.Cap (cap:\"any\", optional);\n  b:eft.Cap (cap:\"any\"); //!\n}\n",
            "T.b is a capability behind an optional one");
    refuses(
        "table T { //!\n  a:eft.Cap (cap:\"any\"); b:eft.Cap (cap:\"any\"); c:eft.Cap (cap:\"any\");\n  d:eft.Cap "
        "(cap:\"any\"); e:eft.Cap (cap:\"any\");\n}\n",
        "T has 5 capabilities; a message carries at most 4");
    refuses(field("a:eft.Cap (cap:\"any\", deprecated);"), "T.a is a deprecated capability");
    refuses(field("a:eft.Cap (cap:\"frame\", rights:\"read,sing\");"),
            "T.a has rights:\"read,sing\", and 'sing' is none of frame's");
    refuses(field("a:eft.Cap (cap:\"endpoint\", rights:\"\");"), "T.a has rights:\"\", and '' is none of endpoint's");
    refuses(field("a:eft.Cap (cap:\"notification\", rights:\"signal,\");"),
            "T.a has rights:\"signal,\", and '' is none of notification's");
    refuses(field("a:eft.Cap (cap:\"memory\", rights:\"read\");"),
            "T.a narrows the rights of a capability to 'memory', which has none by name");
    refuses(
        "table N { a:eft.Cap (cap:\"frame\", rights:\"read\"); }\nrpc_service S (id:\"60001\", inflight:\"1\") {\n"
        "  Run (eft.Empty):N (ordinal:\"1\", once); //!\n}\n",
        "S.Run is once and returns a capability with rights");
}

TEST_CASE("areas") {
    refuses(field("a:eft.Area;"), "T.a does not say which way its bytes go");
    refuses(field("a:eft.Area (area:\"both\");"), "T.a has area:\"both\"");
    std::string table = "table P { a:eft.Area (area:\"read\"); }\n";
    refuses(table + "rpc_service S (id:\"60001\", inflight:\"1\") {\n  Run (P):P (ordinal:\"1\"); //!\n}\n",
            "S.Run returns an Area");
    refuses(table + "rpc_service S (id:\"60001\") {\n  Run (P):eft.Empty (ordinal:\"1\"); //!\n}\n",
            "S.Run names an Area, and its service has no sessions");
}

TEST_CASE("rings") {
    auto ring = [](const std::string& table, const std::string& service = "inflight:\"4\"") {
        return "table T { " + table + " }\nrpc_service S (id:\"60001\", " + service +
               ") {\n  Run (T):eft.Empty (ordinal:\"1\", idempotent, ring:\"8\"); //!\n}\n";
    };
    refuses(ring("a:eft.Cap (cap:\"memory\");"), "S.Run travels through a ring, and T has a capability");
    refuses(ring("a:string (max:\"8\");"), "S.Run travels through a ring, and T has a string or vector");
    std::string wide;
    for (int i = 0; i < 13; ++i) wide += "f" + std::to_string(i) + ":ulong; ";
    refuses(ring(wide), "S.Run travels through a ring, and T takes 13 words; an entry has at most 12");
    refuses(ring("a:uint;", "version:\"1\""),
            "S.Run travels through a ring, and its service has no sessions to hold one");
    refuses(call("ordinal:\"1\", ring:\"8\""), "S.Run travels through a ring and has no licence to be repeated");
    refuses(call("ordinal:\"1\", idempotent, ring:\"9\""), "S.Run has ring:\"9\"");
    refuses(
        "table T {}\nrpc_service S (id:\"60001\", inflight:\"1\") {\n  A (T):T (ordinal:\"1\", idempotent, "
        "ring:\"8\");\n  B (T):T (ordinal:\"2\", idempotent, ring:\"16\"); //!\n}\n",
        "S.B has ring:\"16\"");
}

TEST_CASE("events") {
    refuses(call("ordinal:\"1\", event:\"1\""), "S.Run has event:\"1\"");
    refuses(call("ordinal:\"1\", event, idempotent"), "S.Run is an event and has idempotent");
    refuses(call("ordinal:\"32768\", event"), "S.Run is an event with ordinal 32768");
    refuses(call("ordinal:\"1\", event", "on_restart:\"reset\""), "S.Run is an event of a service whose sessions do not survive");
    refuses("table T { a:uint; }\nrpc_service S (id:\"60001\") {\n  Run (T):T (ordinal:\"1\", event); //!\n}\n",
            "S.Run is an event and takes eft.test.T");
    refuses("table T (encoding:\"flatbuffer\") { a:uint; }\nrpc_service S (id:\"60001\") {\n  Run (eft.Empty):T (ordinal:\"1\", event); //!\n}\n",
            "S.Run is an event that is a FlatBuffer");
    refuses("table T { number:uint; }\nrpc_service S (id:\"60001\") {\n  Run (eft.Empty):T (ordinal:\"1\", event); //!\n}\n",
            "S.Run is an event with the field number");
    refuses("table RunEvent { a:uint; }\nrpc_service S (id:\"60001\") {\n  Run (eft.Empty):RunEvent (ordinal:\"1\", event); //!\n}\n",
            "S.Run becomes 'RunEvent' in C++, and so does table RunEvent");
    refuses("rpc_service S (id:\"60001\") {\n  Run (eft.Empty):eft.Empty (ordinal:\"1\", event);\n"
            "  NextRun (eft.Empty):eft.Empty (ordinal:\"2\"); //!\n}\n",
            "S.NextRun becomes 'NextRunMethod' in C++, and so does S.Run");
}

TEST_CASE("sessions and errors of services") {
    refuses("rpc_service S (id:\"60001\", session:\"Nothing\") { //!\n" + kGet, "S has session:\"Nothing\"");
    refuses("table T { a:string (max:\"4\"); }\nrpc_service S (id:\"60001\", session:\"T\") { //!\n" + kGet,
            "S has session:\"T\"");
    refuses("rpc_service S (id:\"60001\", inflight:\"0\") { //!\n" + kGet, "S has inflight:\"0\"");
    refuses("enum E : uint { Early = 255 }\nrpc_service S (id:\"60001\", error:\"E\") { //!\n" + kGet,
            "S has error:\"E\", whose Early is 255");
    refuses("rpc_service S (id:\"60001\", error:\"Nothing\") { //!\n" + kGet, "S has error:\"Nothing\"");
    refuses("enum E : ushort { Late = 300, Later = 65535 }\n" + call("ordinal:\"1\", error:\"F\""),
            "S.Run has error:\"F\"");
    refuses("rpc_service S (id:\"60001\", version:\"0\") { //!\n" + kGet, "S has version:\"0\"");
}

TEST_CASE("kinds of session, and for whom a call is") {
    const auto service = [](const std::string& kinds) {
        return "rpc_service S (id:\"60001\", kinds:\"" + kinds + "\") { //!\n  Get (eft.Empty):eft.Empty (ordinal:\"1\", for:\"a\");\n}\n";
    };
    CHECK(compile(Folder(), kHead + service("a, b_2")).errors == "");
    refuses(service(""), "S has kinds:\"\", and '' is no name of a kind");
    refuses(service("a,"), "S has kinds:\"a,\", and '' is no name of a kind");
    refuses(service("a, Control"), "S has kinds:\"a, Control\", and 'Control' is no name of a kind");
    refuses(service("a, 2b"), "S has kinds:\"a, 2b\", and '2b' is no name of a kind");
    refuses(service("a, b, a"), "S has the kind 'a' twice");
    refuses(service("a, b_c, b__c"), "S has the kind 'b__c' twice");
    refuses(service("a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p"), "S has 16 kinds of session; there can be 15");
    const std::string kinds = "inflight:\"4\", kinds:\"control, client\"";
    refuses(call("ordinal:\"1\"", kinds), "S.Run does not say who may call it");
    refuses(call("ordinal:\"1\", for:\"\"", kinds), "S.Run has for:\"\"");
    refuses(call("ordinal:\"1\", for:\"control,\"", kinds), "S.Run has for:\"control,\"");
    refuses(call("ordinal:\"1\", for:\"driver\"", kinds), "S.Run is for 'driver', which is no kind of session of S");
    refuses(call("ordinal:\"1\", for:\"client, client\"", kinds), "S.Run is for 'client' twice");
    refuses(call("ordinal:\"1\", for:\"control\""), "S.Run is for kinds of session, and its service has none");
    refuses(call("ordinal:\"1\", for:\"control\", idempotent, ring:\"8\"", kinds), "S.Run travels through a ring and is for kinds of session");
    refuses(call("ordinal:\"1\", kinds:\"control\""), "S.Run has the attribute 'kinds', which is unknown");
}

TEST_CASE("names that C++ or the stubs cannot have") {
    const auto calls = [](const std::string& first, const std::string& second, const std::string& attributes = "", const std::string& service = "") {
        return "table T { a:uint; }\nrpc_service S (id:\"60001\"" + service + ") {\n  " + first + " (T):T (ordinal:\"1\"" + attributes + ");\n  " + second +
               " (T):T (ordinal:\"2\"" + attributes + "); //!\n}\n";
    };
    const std::string is_word = "' in C++, which is a word of C++", is_macro = "' in C++, which is a macro", is_own = "' in C++, which generated code uses for itself",
                      of_libos = "' in C++, which libos has", doubled = "' in C++, and so does ";
    refuses("namespace other;\ntable T {} //!\n", "T is not in a namespace of Eft");
    // Words, macros, and what the compiler keeps.
    for (const char* word : {"delete", "and_eq", "char8_t", "thread_local", "static_assert", "final"}) {
        refuses(field(std::string(word) + ":uint;"), "T." + std::string(word) + " becomes '" + word + is_word);
        refuses(std::string("table ") + word + " {} //!\n", "table " + std::string(word) + " becomes '" + word + is_word);
        refuses(std::string("enum E : uint { A,\n  ") + word + " //!\n}\n", "E." + std::string(word) + " becomes '" + word + is_word);
        refuses(std::string("namespace eft.") + word + ";\ntable T {} //!\n", "namespace eft." + std::string(word) + " becomes '" + word + is_word);
    }
    refuses("rpc_service namespace (id:\"60001\") { //!\n" + kGet, "service namespace becomes 'namespace" + is_word);
    refuses(calls("Run", "Delete"), "S.Delete becomes 'delete" + is_word);
    for (const char* macro : {"errno", "stdin", "assert", "offsetof", "st_atime"}) refuses(field(std::string(macro) + ":uint;"), "T." + std::string(macro) + " becomes '" + macro + is_macro);
    for (const char* macro : {"NULL", "EOF", "INT_MAX", "SIGINT", "EFT_TRY"})
        refuses(std::string("enum E : uint { A,\n  ") + macro + " //!\n}\n", "E." + std::string(macro) + " becomes '" + macro + is_macro);
    refuses(field("two__lines:uint;"), "T.two__lines becomes 'two__lines' in C++, which C++ keeps for its compilers");
    // What generated code and libos have.
    refuses(field("encode:uint;"), "T.encode becomes 'encode" + is_own);
    refuses(field("u64:uint;"), "T.u64 becomes 'u64" + is_own);
    refuses(field("last_:uint;"), "T.last_ ends in _");
    refuses("table T (encoding:\"flatbuffer\") {\n  follow_tail:uint; //!\n}\n", "T.follow_tail becomes 'follow_tail" + is_own);
    for (const char* name : {"Reader", "FlatView", "kFlatWords", "handle", "server", "each"}) {
        refuses("table " + std::string(name) + " {} //!\n", "table " + std::string(name) + " becomes '" + name + is_own);
        refuses("struct " + std::string(name) + " { a:uint; } //!\n", "struct " + std::string(name) + " becomes '" + name + is_own);
        refuses("enum " + std::string(name) + " : uint { A } //!\n", "enum " + std::string(name) + " becomes '" + name + is_own);
    }
    refuses("rpc_service Session (id:\"60001\") { //!\n" + kGet, "service Session becomes 'Session" + is_own);
    refuses(calls("Run", "Slot"), "S.Slot becomes 'slot" + of_libos);
    refuses(calls("Run", "DescribeInterface"), "S.DescribeInterface becomes 'describe_interface" + is_own);
    refuses(calls("Run", "OnWake", ", idempotent, ring:\"8\"", ", inflight:\"2\""), "S.OnWake becomes 'on_wake" + of_libos);
    for (const auto& [call, function] : {std::pair("Recover", "recover"), {"EditShared", "edit_shared"}, {"Woken", "woken"}})
        refuses(calls("Run", call, ", idempotent", ", session:\"T\""), "S." + std::string(call) + " becomes '" + function + of_libos);
    refuses(calls("Run", "Complaints"), "S.Complaints becomes 'complaints' in C++, which mocks have already");
    refuses("namespace eft;\ntable Result {} //!\n", "table Result becomes 'Result" + of_libos);
    refuses("namespace eft.ring;\ntable Producer {} //!\n", "table Producer becomes 'Producer" + of_libos);
    refuses("namespace eft.Badge;\ntable T {} //!\n", "namespace eft.Badge has 'Badge', which libos has");
    // What meets.
    refuses("table S {} //!\nrpc_service S (id:\"60001\") {\n" + kGet, "service S becomes 'S" + doubled + "table S");
    for (const char* end : {"Client", "Server", "Mock", "LocalClient"})
        refuses(std::string("table S") + end + " {}\nrpc_service S (id:\"60001\") { //!\n" + kGet, "service S becomes 'S" + std::string(end) + doubled + "table S" + end);
    refuses(calls("FooBar", "Foo_bar"), "S.Foo_bar becomes 'foo_bar" + doubled + "S.FooBar");
    refuses(calls("Run", "OnRun"), "S.OnRun becomes 'on_run" + doubled + "S.Run");
    refuses(calls("Run", "SubmitRun", ", idempotent, ring:\"8\"", ", inflight:\"2\""), "S.SubmitRun becomes 'submit_run" + doubled + "S.Run");
    refuses("table T {\n  foo_bar:string (max:\"4\");\n  fooBar:string (max:\"4\"); //!\n}\n", "T.fooBar becomes 'kFooBarMax" + doubled + "T.foo_bar");
    const std::string one = "table First (encoding:\"flatbuffer\") { a:uint; }\ntable first (encoding:\"flatbuffer\") { a:uint; }\n";
    refuses(one + "union U {\n  First,\n  first //!\n}\n", "U.first becomes 'as_first" + doubled + "U.First");
    refuses(one + "union U { First }\ntable T (encoding:\"flatbuffer\") {\n  cargo_kind:uint;\n  cargo:U; //!\n}\n", "T.cargo becomes 'cargo_kind" + doubled + "T.cargo_kind");
    refuses(one + "table FirstView {} //!\n", "table FirstView becomes 'FirstView" + doubled + "table First");
    refuses("table part { a:uint; } //!\nnamespace eft.test.part;\nenum E : uint { A }\n", "table part becomes 'part" + doubled + "namespace eft.test.part");
}

TEST_CASE("what is opened, closed, and opened again") {
    const auto library = [](const std::string& open, const std::string& close, const std::string& service = "on_restart:\"reset\"") {
        return "table T { key:uint; text:string (max:\"8\"); maybe:uint = null; }\ntable C { memory:Cap (cap:\"memory\"); key:uint; }\n"
               "rpc_service S (id:\"60010\", " + service + ") {\n  Open " + open + (close.empty() ? "" : "\n  Close " + close) + "\n}\n";
    };
    const std::string good = "(T):T (ordinal:\"1\", idempotent, opens:\"key\", kept:\"4\");";
    const std::string close = "(T):T (ordinal:\"2\", idempotent, closes:\"Open\");";
    const auto opening = [](const std::string& attributes) { return "(T):T (ordinal:\"1\", " + attributes + "); //!"; };
    CHECK(compile(Folder(), kHead + library(good, close)).errors == "");
    refuses(library(opening("idempotent, opens:\"text\", kept:\"4\""), close), "S.Open has opens:\"text\"");
    refuses(library(opening("idempotent, opens:\"maybe\", kept:\"4\""), ""), "S.Open has opens:\"maybe\"");
    refuses(library(opening("idempotent, opens:\"key\""), close), "S.Open opens something and does not say how many are kept");
    refuses(library(opening("idempotent, opens:\"key\", kept:\"0\""), close), "S.Open opens something and does not say");
    refuses(library(opening("idempotent, opens:\"key\", kept:\"4\", same:\"none\""), close), "S.Open has same:\"none\"");
    refuses(library(opening("opens:\"key\", kept:\"4\""), close), "S.Open opens something and has no licence to be repeated");
    refuses(library(opening("idempotent, same:\"key\""), ""), "S.Open has same and opens nothing");
    refuses(library("(C):T (ordinal:\"1\", idempotent, opens:\"key\", kept:\"4\"); //!", close), "S.Open opens something with a capability");
    refuses(library(good + " //!", close, "on_restart:\"reattach\""), "S.Open opens something, and the service has no sessions that are lost");
    refuses(library(good, "(T):T (ordinal:\"2\", closes:\"Shut\"); //!"), "S.Close has closes:\"Shut\"");
    refuses(library(good, "(eft.Empty):T (ordinal:\"2\", closes:\"Open\"); //!"), "S.Close closes what Open opens, and its request has no key");
    refuses(library(good, "(T):T (ordinal:\"2\", idempotent, opens:\"key\", kept:\"4\"); //!"), "S.Close opens by key, and so does Open");
}

TEST_CASE("the right line among comments, strings, and the same names elsewhere") {
    refuses(
        "/* table T {\n a:string; */\ntable Other { a:uint; }\n// a:string\ntable T {\n  /// a:string\n  b:string "
        "(max:\"3\");\n  a:string; //!\n}\n",
        "T.a has no bound");
}

TEST_CASE("several refusals come in the order of lines") {
    Folder folder;
    Outcome outcome = compile(folder, kHead + "table T { a:string; }\nrpc_service S {\n" + kGet);
    auto first = outcome.errors.find("case.fbs:3: error: T.a"),
         second = outcome.errors.find("case.fbs:4: error: S has no id");
    CHECK(first != std::string::npos);
    CHECK(second != std::string::npos);
    CHECK(first < second);
}

TEST_CASE("input that is no schema gives an error, not a crash") {
    Folder folder;
    compile(folder, kHead + call("ordinal:\"1\""));
    std::string good = content(folder.path / "case.bfbs");
    std::string command = EFT_IDLC " --out " + folder.path.string() + " --source " +
                          (folder.path / "case.fbs").string() + " " + (folder.path / "bad.bfbs").string() + " 2> " +
                          (folder.path / "log").string();
    for (std::size_t length : {std::size_t{0}, std::size_t{8}, good.size() / 2}) {
        write(folder.path / "bad.bfbs", good.substr(0, length));
        CHECK(run(command) == 2);
        CHECK(content(folder.path / "log").find("bad.bfbs: not a binary schema") != std::string::npos);
    }
    for (unsigned seed = 0; seed < 60; ++seed) {  // changed bytes that the verifier may let through
        std::string bytes = good;
        for (unsigned i = 0; i < 4; ++i)
            bytes[(seed * 7919 + i * 104729) % bytes.size()] = static_cast<char>(seed * 31 + i);
        write(folder.path / "bad.bfbs", bytes);
        CHECK(run(command) <= 2);  // a sanitizer's exit is 1 as well, so look at what it said
        CHECK(content(folder.path / "log").find("Sanitizer") == std::string::npos);
    }
    CHECK(run(EFT_IDLC " 2> /dev/null") == 2);
    CHECK(run(EFT_IDLC " --out x --source y z 2> /dev/null") == 2);
}

TEST_CASE("what a session keeps") {
    const auto attaching = [](const std::string& request, const std::string& attributes = "idempotent, attach",
                              const std::string& service = "inflight:\"4\"", const std::string& more = "") {
        return "table A { " + request + " }\ntable T { a:uint; }\nrpc_service S (id:\"60010\", " + service +
               ") {\n  Attach (A):T (ordinal:\"1\", " + attributes + "); //!\n" + more + "}\n";
    };
    const std::string wake = "wake:Cap (cap:\"notification\");", ring = "ring:Cap (cap:\"memory\");";
    const std::string area = "area:Cap (cap:\"memory\", max:\"8192\"); area_bytes:ulong;";
    const std::string read = "  Read (T):T (ordinal:\"2\", idempotent, ring:\"8\");\n";
    CHECK(compile(Folder(), kHead + attaching(wake)).errors == "");
    CHECK(compile(Folder(), kHead + attaching(ring + area + wake + "index:uint;", "idempotent, attach:\"4\"", "inflight:\"4\"", read)).errors == "");
    CHECK(compile(Folder(), kHead + attaching(wake + "log:Cap (cap:\"endpoint\");")).errors == "");
    refuses(attaching(wake, "idempotent, attach:\"65\""), "S.Attach has attach:\"65\"");
    refuses(attaching(wake, "atomic, attach"), "S.Attach attaches and is not idempotent");
    refuses(attaching(wake, "idempotent, attach, oneway"), "S.Attach attaches and is no ordinary call");
    refuses(attaching(wake, "idempotent, attach", "on_restart:\"reset\""), "S.Attach attaches to a session that does not survive");
    refuses(attaching("a:uint;"), "S.Attach attaches, and its request has no capability");
    refuses(attaching(wake, "idempotent, attach:\"2\""), "S.Attach attaches several times over, and its request does not say which");
    refuses(attaching(wake, "idempotent, attach", "inflight:\"4\"", read), "S.Attach attaches no ring");
    refuses(attaching(ring + wake), "S.Attach attaches a ring that is none");
    refuses(attaching("wake:Cap (cap:\"irq\");"), "S.Attach attaches wake, which is no notification");
    refuses(attaching("wake:Cap (cap:\"notification\", optional);"), "S.Attach attaches wake, which may be absent");
    refuses(attaching("page:Cap (cap:\"memory\");"), "S.Attach attaches the memory page");
    refuses(attaching("area:Cap (cap:\"memory\"); area_bytes:ulong;"), "S.Attach attaches an area without a bound");
    refuses(attaching("area:Cap (cap:\"memory\", max:\"4096\");"), "S.Attach attaches an area, and its request does not say how large");
    refuses("table T {\n  area:Cap (cap:\"memory\", max:\"100\"); //!\n}\n", "T.area has max:\"100\"");
    refuses("table T {\n  area:Cap (cap:\"irq\", max:\"4096\"); //!\n}\n", "T.area has the attribute 'max', which does not fit its type");
    const std::string second = "  Again (A):T (ordinal:\"3\", idempotent, attach); //!\n";
    std::string both = attaching(wake, "idempotent, attach", "inflight:\"4\"", second);
    both.erase(both.find(" //!\n"), 4);
    refuses(both, "S.Again attaches, as Attach does");
}
