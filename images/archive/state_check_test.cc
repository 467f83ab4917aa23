// Programs that note how large their state is, and manifests that give enough or too little.
#include "state_check.h"

#include <doctest/doctest.h>
#include <manifest_generated.h>

#include <linux/elf.h>

#include <cstring>

using namespace eft::archive;

namespace {

template <class T>
void append(std::string& bytes, const T& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// An ELF file with this section, and the table of the names behind it.
std::string elf_with(const std::string& name, const std::string& notes) {
    const std::string names = std::string(1, '\0') + name + '\0';
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, "\x7f" "ELF\x02\x01\x01", 7);  // 64 bits, little-endian
    header.e_shoff = sizeof(header) + notes.size() + names.size();
    header.e_shnum = 3;
    header.e_shstrndx = 2;
    Elf64_Shdr note{}, table{};
    note.sh_type = SHT_NOTE;
    note.sh_name = 1;
    note.sh_offset = sizeof(header);
    note.sh_size = notes.size();
    table.sh_type = SHT_STRTAB;
    table.sh_offset = sizeof(header) + notes.size();
    table.sh_size = names.size();

    std::string file;
    append(file, header);
    file += notes + names;
    append(file, Elf64_Shdr{});
    append(file, note);
    append(file, table);
    return file;
}

std::string note_of(std::uint64_t bytes) {
    std::string note;
    append(note, Elf64_Nhdr{4, 8, 1});
    note.append("Eft", 4);
    append(note, bytes);
    return note;
}

std::string program_with(std::uint64_t bytes) { return elf_with(".note.eft.state", note_of(bytes)); }

NewcFile manifest_with(std::uint32_t state_bytes, const char* program = nullptr) {
    flatbuffers::FlatBufferBuilder builder;
    const std::vector services{eft::manifest::CreateServiceDirect(builder, "kv", program, eft::manifest::Kind::Server, 30, 0, 512, nullptr,
                                                                  nullptr, 0, nullptr, nullptr, state_bytes)};
    builder.Finish(eft::manifest::CreateManifestDirect(builder, &services));
    return {"manifest", {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()}};
}

}  // namespace

TEST_CASE("a program says how large its state is") {
    CHECK(noted_state_bytes(program_with(20616)) == 20616);
    CHECK(noted_state_bytes(elf_with(".note.eft.state", note_of(100) + note_of(70'000) + note_of(300))) == 70'000);
    CHECK(noted_state_bytes(elf_with(".note.other", note_of(100))) == 0);
    CHECK(noted_state_bytes("root") == 0);
    CHECK(noted_state_bytes("") == 0);
}

TEST_CASE("a file that is cut anywhere is read to its end and no further") {
    const std::string whole = program_with(20616);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const std::vector<char> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        CHECK(noted_state_bytes({cut.data(), cut.size()}) == 0);
    }
}

TEST_CASE("a manifest that gives too little is told what to write") {
    const NewcFile kv{"kv", program_with(20616)};
    const auto complaints = state_complaints({manifest_with(16384), kv});
    REQUIRE(complaints.size() == 1);
    CHECK(complaints[0] == "kv: its state takes 20616 bytes, its entry in the manifest gives 16384: write \"state_bytes\": 24576");
    CHECK(state_complaints({kv, manifest_with(0)}).size() == 1);
    CHECK(state_complaints({{"other", program_with(5000)}, manifest_with(4096, "other")}).size() == 1);
}

TEST_CASE("what is enough, or nobody's business here, is passed") {
    const NewcFile kv{"kv", program_with(20616)};
    CHECK(state_complaints({manifest_with(24576), kv}).empty());
    CHECK(state_complaints({manifest_with(20481), kv}).empty());  // rs rounds up
    CHECK(state_complaints({manifest_with(16384, "other"), kv}).empty());
    CHECK(state_complaints({kv}).empty());
    CHECK(state_complaints({{"manifest", "no manifest"}, kv}).empty());
}
