// idlc --check-compatible, of what fields hold: presence, defaults and bounds, tables in tables, unions, capabilities.
#include "editions.h"

using namespace editions;

TEST_CASE("a scalar that may be absent, and defaults") {
    is_silent({}, with(&Edition::response, "a:uint; b:Color; c:uint = null; d:double = 0.5;"));
    breaks({}, with(&Edition::response, "\n  a:uint = null; //!\n b:Color;"), "Answer.a was always there and can be null");
    breaks(with(&Edition::response, "a:uint = null; b:Color;"), with(&Edition::response, "\n  a:uint; //!\n b:Color;"),
           "Answer.a could be null and is always there");
    Edition real = with(&Edition::response, "a:double = 0.5;");
    is_silent(real, real);
    breaks(real, with(&Edition::response, "\n  a:double = 0.25; //!\n"), "Answer.a has the default 0.25; it was released with 0.5");
    breaks({}, with(&Edition::response, "a:uint;\n  b:Color = Green; //!\n"), "Answer.b has the default Green; it was released with Red");
    // Whoever reads an answer would find the default.
    breaks({}, with(&Edition::response, "\n  a:uint (deprecated); //!\n b:Color;"), "Answer.a is deprecated in an answer");
}

TEST_CASE("each string of a vector has its bound, too") {
    for (const bool in_request : {true, false}) {
        const auto edition = [&](const std::string& fields) {
            Edition made;
            made.declarations += "table Strings (encoding:\"flatbuffer\") { " + fields + " }\n";
            made.call = in_request ? "Go (Strings):Answer (ordinal:\"3\", idempotent);"
                                         : "Go (Ask):Strings (ordinal:\"3\", idempotent);";
            made.request = made.response = "a:uint;";
            return made;
        };
        const Edition eight = edition("n:[string] (max:\"4\", each:\"8\");");
        const Edition nine = edition("\n  n:[string] (max:\"4\", each:\"9\"); //!\n");
        const Edition seven = edition("\n  n:[string] (max:\"4\", each:\"7\"); //!\n");
        if (in_request) {
            is_silent(eight, nine);
            breaks(eight, seven, "Strings.n has each 7; it was released with 8");
        } else {
            breaks(eight, nine, "Strings.n has each 9; it was released with 8");
            warns(eight, seven, "Strings.n has each 7; it was released with 8");
        }
    }
}

namespace {

// A call with a nested message in one direction.
struct Nested {
    std::string cargo = "union Cargo { Leaf, Note }";
    std::string leaf = "id:uint; label:string (max:\"16\");";
    std::string tree = "leaf:Leaf; leaves:[Leaf] (max:\"4\"); cargo:Cargo;";
    bool in_request = true;

    Edition edition() const {
        Edition made;
        made.request = made.response = "a:uint;";
        made.declarations += cargo + "\ntable Leaf (encoding:\"flatbuffer\") { " + leaf +
                             " }\ntable Note (encoding:\"flatbuffer\") { text:string (max:\"8\"); }\n"
                             "table Crate (encoding:\"flatbuffer\") { weight:uint; }\n"
                             "table Tree (encoding:\"flatbuffer\") { " +
                             tree + " }\n";
        made.call = in_request ? "Go (Tree):Answer (ordinal:\"3\", idempotent);" : "Go (Ask):Tree (ordinal:\"3\", idempotent);";
        return made;
    }
};

Edition nested(std::string Nested::*part, const std::string& text, bool in_request) {
    Nested made;
    made.in_request = in_request;
    made.*part = text;
    return made.edition();
}
Edition plain_nested(bool in_request) { return nested(&Nested::cargo, Nested{}.cargo, in_request); }

}  // namespace

TEST_CASE("unions: a case keeps its number, and who reads one must know it") {
    for (const bool in_request : {true, false}) {
        const Edition released = plain_nested(in_request);
        const auto now = [&](const std::string& cargo) { return nested(&Nested::cargo, cargo, in_request); };
        is_silent(released, released);
        breaks(released, now("union Cargo {\n Note, Leaf //!\n }"), "Cargo.Leaf is 2; it was released as 1");
        const Edition more = now("union Cargo { Leaf, Note,\n Crate //!\n }");
        const Edition fewer = now("union Cargo { //!\n Leaf }");
        if (in_request) {
            is_silent(released, more);
            breaks(released, fewer, "Tree.cargo cannot be Note any more");
        } else {
            breaks(released, more, "Tree.cargo can be Crate, which is new");
            warns(released, fewer, "Tree.cargo cannot be Note any more");
        }
    }
}

TEST_CASE("tables in tables are compared in the direction in which they travel") {
    for (const bool in_request : {true, false}) {
        const Edition released = plain_nested(in_request);
        const auto now = [&](const std::string& leaf) { return nested(&Nested::leaf, leaf, in_request); };
        is_silent(released, now("id:uint; label:string (max:\"16\"); more:Crate;"));
        const Edition longer = now("id:uint;\n label:string (max:\"17\"); //!\n");
        const Edition shorter = now("id:uint;\n label:string (max:\"15\"); //!\n");
        if (in_request) {
            is_silent(released, longer);
            breaks(released, shorter, "Leaf.label has max 15; it was released with 16");
        } else {
            breaks(released, longer, "Leaf.label has max 17; it was released with 16");
            warns(released, shorter, "Leaf.label has max 15; it was released with 16");
        }
        breaks(released, now("\n id:ulong; //!\n label:string (max:\"16\");"), "Leaf.id was released as uint and is ulong");
    }
}

TEST_CASE("what must be there") {
    const std::string required = "leaf:Leaf (required); leaves:[Leaf] (max:\"4\"); cargo:Cargo;";
    const std::string marked = "\n leaf:Leaf (required); //!\n leaves:[Leaf] (max:\"4\"); cargo:Cargo;";
    const std::string free = "\n leaf:Leaf; //!\n leaves:[Leaf] (max:\"4\"); cargo:Cargo;";
    const std::string added = Nested{}.tree + "\n more:Crate (required); //!\n";
    breaks(plain_nested(true), nested(&Nested::tree, marked, true), "Tree.leaf could be absent and is required");
    is_silent(nested(&Nested::tree, required, true), nested(&Nested::tree, free, true));
    breaks(nested(&Nested::tree, required, false), nested(&Nested::tree, free, false), "Tree.leaf was required and can be absent");
    warns(plain_nested(false), nested(&Nested::tree, marked, false), "Tree.leaf could be absent and is required");
    breaks(plain_nested(true), nested(&Nested::tree, added, true), "Tree.more is a new field that must be there");
    warns(plain_nested(false), nested(&Nested::tree, added, false), "Tree.more is a new field that must be there");
}

TEST_CASE("rights: nobody gets fewer than what was released") {
    const auto part = [](bool in_request, const std::string& rights) {
        const std::string cap = "\n c:Cap (cap:\"notification\", rights:\"" + rights + "\"); //!\n";
        Edition edition = with(in_request ? &Edition::request : &Edition::response, "a:uint; " + cap);
        (in_request ? edition.response : edition.request) = "a:uint;";
        return edition;
    };
    is_silent(part(true, "signal,wait"), part(true, "wait"));
    breaks(part(true, "wait"), part(true, "signal,wait"), "Ask.c comes with more rights than those released");
    breaks(part(false, "signal,wait"), part(false, "wait"), "Answer.c comes with fewer rights than those released");
    warns(part(false, "wait"), part(false, "signal,wait"), "Answer.c comes with more rights than those released");
    is_silent(part(false, "signal,wait"), part(false, "wait,signal"));
}

TEST_CASE("a capability in an answer is to what it was to") {
    const auto answer = [](const std::string& cap) { return with(&Edition::response, "a:uint;\n c:Cap (cap:\"" + cap + "\"); //!\n"); };
    breaks(answer("memory"), answer("notification"), "Answer.c was a capability to memory and is one to notification");
    breaks(answer("memory"), answer("any"), "Answer.c was a capability to memory and is one to any");
    warns(answer("any"), answer("memory"), "Answer.c was a capability to any and is one to memory");
    is_silent(answer("endpoint:Test"), answer("endpoint:eft.test.Test"));
}
