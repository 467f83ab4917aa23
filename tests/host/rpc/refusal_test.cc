// What the schema does not allow is refused before anything is sent, in words that say where and what.
#include "interfaces.h"

#include <monitor/rpc/describe.h>
#include <monitor/rpc/reply.h>
#include <monitor/rpc/request.h>

#include <doctest/doctest.h>

using namespace eft;
using namespace eft::test;

namespace {

const monitor::Catalogue& catalogue() {
    static const std::string bytes = read_interfaces();
    static const monitor::Catalogue all = open(bytes);
    return all;
}

std::string refusal(const char* record, std::string_view json) {
    monitor::RequestReader reader(catalogue(), json);
    const auto message = reader.read(*catalogue().record(record));
    return message.ok() ? "taken" : reader.complaint();
}

std::string reply(const char* record, std::initializer_list<u64> words) {
    monitor::Message message;
    for (const u64 word : words) message.words[message.word_count++] = word;
    monitor::ReplyWriter writer(catalogue(), message);
    const auto json = writer.write(*catalogue().record(record));
    return json.ok() ? *json : "refused: " + writer.complaint();
}

}  // namespace

TEST_CASE("numbers that do not fit, or are none") {
    CHECK(refusal("eft.counter.Amount", R"({"amount": -1})") == "at 12: amount: -1 is no ulong, which has 0 to 18446744073709551615");
    CHECK(refusal("eft.counter.Amount", R"({"amount": 18446744073709551616})") == "at 12: amount: 18446744073709551616 is no ulong, which has 0 to 18446744073709551615");
    CHECK(refusal("eft.counter.Amount", R"({"amount": 1.0})") == "at 12: amount: must be a whole number");
    CHECK(refusal("eft.counter.Amount", R"({"amount": 1e3})") == "at 12: amount: must be a whole number");
    CHECK(refusal("eft.counter.Amount", R"({"amount": "1"})") == "at 12: a number is wanted");
    CHECK(refusal("eft.test.shapes.Scalars", R"({"b": -129})") == "at 7: b: -129 is no byte, which has -128 to 127");
    CHECK(refusal("eft.test.shapes.Scalars", R"({"yes": 1})") == "at 9: true or false is wanted");
}

TEST_CASE("names that are unknown or stand there twice") {
    CHECK(refusal("eft.echo.Words", R"({"a": 1, "e": 2})") == "at 10: Words has no field e; it has a, b, c, d");
    CHECK(refusal("eft.Empty", R"({"a": 1})") == "at 2: Empty has no field a; it has none");
    CHECK(refusal("eft.echo.Words", R"({"a": 1, "a": 1})") == "at 10: the field a stands there twice");
    CHECK(refusal("eft.test.shapes.Structs", R"({"tile": {"at": {"z": 1}}})") == "at 18: tile.at: Point has no field z; it has x, y");
}

TEST_CASE("enums are named") {
    CHECK(refusal("eft.rs.KillOrder", R"({"name": "echo", "signal": "Kil"})") == "at 28: signal: Kil is no KillSignal; there are None, Kill, Hang, Crash");
    CHECK(refusal("eft.rs.KillOrder", R"({"signal": 1})") == "taken");
    CHECK(refusal("eft.rs.KillOrder", R"({"signal": 9})") == "at 12: signal: no KillSignal has this number; there are None, Kill, Hang, Crash");
    CHECK(refusal("eft.rs.KillOrder", R"({"signal": "Kill Hang"})") == "at 12: signal: Kill Hang is no KillSignal; there are None, Kill, Hang, Crash");
    CHECK(refusal("eft.test.shapes.Scalars", R"({"access": "Read Write", "error": 300})") == "taken");
    CHECK(refusal("eft.test.shapes.Scalars", R"({"access": 8})") == "at 12: access: no Access has this number; there are Read, Write, Execute");
}

TEST_CASE("bounds of strings, vectors and arrays") {
    const std::string name(32, 'x');
    CHECK(refusal("eft.rs.Name", "{\"name\": \"" + name + "\"}") == "at 10: name: has 32 bytes; its bound is 31");
    CHECK(refusal("eft.test.shapes.Views", R"({"numbers": [1, 2, 3, 4, 5, 6]})") == "at 29: numbers: has 6 elements; its bound is 5");
    CHECK(refusal("eft.console.Output", R"({"bytes": "any bytes"})") == "taken");
    CHECK(refusal("eft.test.shapes.Structs", R"({"tile": {"marks": [1, 2]}})") == "at 24: tile.marks: has 2 elements, and must have 3");
    CHECK(refusal("eft.test.shapes.Structs", R"({"tile": {"marks": [1, 2, 3, 4]}})") == "at 27: tile.marks: has more than 3 elements");
    std::string many = "{\"numbers\": [0";
    for (unsigned i = 0; i < 100'000; ++i) many += ",0";
    CHECK(refusal("eft.test.shapes.Views", many + "]}").find("numbers: has more than 5 elements") != std::string::npos);
}

TEST_CASE("capabilities: a new memory object, or nothing") {
    CHECK(refusal("eft.mem.Object", R"({"object": {"bytes": 8192}})") == "taken");
    CHECK(refusal("eft.mem.Object", "{}") == "at 1: object: is missing: a capability to memory, {\"bytes\": N}");
    CHECK(refusal("eft.mem.Object", R"({"object": null})") == "at 12: object: is missing: a capability to memory, {\"bytes\": N}");
    CHECK(refusal("eft.mem.Object", R"({"object": {"bytes": 0}})") == "at 22: object: a memory object has a whole number of bytes, at least 1");
    CHECK(refusal("eft.mem.Object", R"({"object": {"pages": 1}})") == "at 13: object: a new memory object is {\"bytes\": N}");
    CHECK(refusal("eft.timer.Attach", R"({"wake": 7})") == "at 10: wake: wants a capability to notification; rpc has only new memory objects to give");
    CHECK(refusal("eft.timer.Attach", "{}") == "at 1: wake: is missing: a capability to notification, which rpc cannot give");
}

TEST_CASE("a reply that is no such message is refused, as a stub does it") {
    CHECK(reply("eft.counter.Value", {7}) == R"({"value": 7})");
    CHECK(reply("eft.counter.Value", {}) == R"({"value": 0})");
    CHECK(reply("eft.Empty", {}) == "{}");
    CHECK(reply("eft.rs.Name", {u64{99} << 48 | 1}) == "refused: name: it is longer than its bound");
    CHECK(reply("eft.rs.Name", {(u64{5} << 16 | 32) << 32 | 1}) == "refused: name: it lies outside of the message");
    CHECK(reply("eft.rs.Name", {2}) == "refused: it says that it has more words than it has");
    CHECK(reply("eft.rs.Name", {(u64{5} << 16 | 32) << 32 | 1, 0, 0, 0, 0x7477'656e'1b}) == R"({"name": "\u001bnewt"})");
    CHECK(reply("eft.mem.Object", {}) == "refused: a capability is missing");
    CHECK(reply("eft.test.shapes.Scalars", {0, 0, 0, 0, 2}) == "refused: yes: it is no bool");
    CHECK(reply("eft.proc.KillRequest", {u64{99} << 32}) == "refused: reason: it is no DeathReason");
}

TEST_CASE("an interface is listed with everything that a caller has to know") {
    const descriptor::Service* gallery = catalogue().service("Gallery");
    REQUIRE(gallery);
    const std::string listing = monitor::interface_text(catalogue(), *gallery);
    CHECK(listing.starts_with("Gallery, interface 60001, version 3\n"));
    for (const char* line : {
             "  Copy {a: ubyte = 7, b: byte = -3, c: ushort, d: short = -300, e: uint = 4000000000, f: int = -5, g: ulong = 9223372036854775807, "
             "h: long = -9223372036854775808, yes: bool = true, no: bool, color: Red|Green|Blue = Green, access: Read|Write|Execute, "
             "sign: Low|Zero|High = Low, error: Error} -> ",
             "tile: {at: {x: short, y: short}, color: Red|Green|Blue, weight: ulong, marks: [ushort:3]}, last: ubyte}",
             "{name: string max 20, numbers: [ulong] max 5, after: ushort = 9, colors: [Red|Green|Blue] max 6, tiles: [{at: {x: short, ",
             "{first: capability to memory, number: uint, second: capability to endpoint of Gallery, third: capability to notification, optional}",
             "  Tell {value: ulong}\n      without answer\n", "  Buy {value: ulong} -> {value: ulong}\n      once\n",
             "      No licence: the caller settles what a death means.\n"})
        CHECK_MESSAGE(listing.find(line) != std::string::npos, line << "\n" << listing);
    CHECK(monitor::interface_text(catalogue(), *catalogue().service("Block")).find("through a ring (not by rpc), idempotent") != std::string::npos);
}

TEST_CASE("errors have words, an interface's own ones their names, labels their methods") {
    const descriptor::Service& gallery = *catalogue().service("eft.test.shapes.Gallery");
    const descriptor::Method& copy = *catalogue().method(gallery, "Copy");
    CHECK(monitor::error_text(catalogue(), copy, Error::Busy) == "busy");
    CHECK(monitor::error_text(catalogue(), copy, static_cast<Error>(300)) == "TooCold (error 300)");
    CHECK(monitor::error_text(catalogue(), copy, static_cast<Error>(301)) == "error 301");
    CHECK(catalogue().label_name(make_label(1, 3)) == "Echo.Say");
    CHECK(catalogue().label_name(make_label(1, 0)) == "Echo.Describe");
    CHECK(catalogue().label_name(0) == "WhatIsThere");
    CHECK(catalogue().label_name(make_label(1, 99)) == "Echo.method 99");
    CHECK(catalogue().label_name(make_label(999, 1)) == "interface 999.method 1");
}

TEST_CASE("descriptors that are damaged are refused, or harm nobody") {
    const std::string good = read_interfaces();
    Random random(3);
    unsigned opened = 0;
    for (unsigned round = 0; round < 3000; ++round) {
        std::string bytes = good;
        for (unsigned changes = 0; changes < 4; ++changes) bytes[random() % bytes.size()] ^= static_cast<char>(1u << random() % 8);
        const auto damaged = monitor::Catalogue::open(std::as_bytes(std::span(bytes)));
        if (!damaged.ok()) continue;
        ++opened;
        for (const char* name : {"eft.echo.Words", "eft.rs.KillOrder", "eft.test.shapes.Views", "eft.test.shapes.Structs"}) {
            const descriptor::Record* record = damaged->record(name);
            if (!record) continue;
            monitor::RequestReader reader(*damaged, R"({"name": "abc", "tile": {"marks": [1, 2, 3]}, "numbers": [1], "signal": "Kill", "a": 5})");
            const auto message = reader.read(*record);
            monitor::Message any;
            any.word_count = 40;
            any.words.fill(0x0001'0040'0002'0009);
            monitor::ReplyWriter writer(*damaged, message.ok() ? *message : any);
            static_cast<void>(writer.write(*record));
        }
    }
    CHECK(opened > 100);
}
